import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { all, type Attack, listOf } from "./attack.ts";
import { type Attacker, pace } from "./attacker.ts";

/** Values that a stranger writes, and the page that shows them. What is accepted of them has so many levels. */
function valueAttack(name: string, levels: number, ...texts: readonly string[]): Attack {
  return {
    name: `a value: ${name}`,
    async run(attacker) {
      for (const text of texts) {
        await attacker.put("bench:value", text);
        const path = `${attacker.target.valuePage}?levels=${levels}`;
        await pace(20 / texts.length, 10, () => attacker.send({ path, headers: { accept: "text/html" } }));
      }
    },
    cleanUp: (attacker) => attacker.put("bench:value", null),
    baseline: `20 pages of a value of ${levels} levels`,
  };
}

/** Seven lists of ten, each ten times the next one. */
const nestedReferences = JSON.stringify([...listOf(7, (level) => listOf(10, () => level + 1)), "x"]);
const deepNesting = JSON.stringify([...listOf(498, (level) => [level + 1]), "x"]);
const tooDeepNesting = JSON.stringify([...listOf(9_000, (level) => [level + 1]), "x"]);
const giantBigInt = JSON.stringify([["BigInt", "9".repeat(60_000)]]);

const largeTexts = { count: 200, length: 60_000 };
const largeKey = (index: number): string => `bench:texts:large${index}`;

async function writeLargeTexts(attacker: Attacker, text: string | null): Promise<void> {
  // Slowly, and from several addresses: nobody's limit is meant.
  await pace(largeTexts.count, 200, (index) =>
    attacker.put(largeKey(index), text, { from: attacker.address(index % 10) }),
  );
}

const largeText = JSON.stringify(["x".repeat(largeTexts.length)]);

/** Values that are written to be expensive, and large ones that nobody reads. */
export const valueAttacks: readonly Attack[] = [
  valueAttack("a list with a hole of 4 billion", 0, "[[-7,4294967295]]"),
  valueAttack("references to references", 0, nestedReferences),
  valueAttack("498 levels, 9,000 levels, a number of 60,000 digits", 498, deepNesting, tooDeepNesting, giantBigInt),
  {
    name: "20 streams of 100 values of 60 KB that nobody reads",
    prepare: (attacker) => writeLargeTexts(attacker, largeText),
    async run(attacker) {
      const request = attacker.streamRequest({
        tab: { route: [], values: listOf(100, (index) => [largeKey(index), -1, ""]) },
      });
      await all(20, () => attacker.hold(request, { isRead: false }));
    },
    cleanUp: (attacker) => writeLargeTexts(attacker, null),
    baseline: "20 unread answers of 6 MB",
    baselineBytes: 100 * largeTexts.length,
  },
  {
    name: "20 reads of 200 values of 60 KB that nobody reads",
    prepare: (attacker) => writeLargeTexts(attacker, largeText),
    async run(attacker) {
      const path = `${attacker.target.route}${keysQuery(listOf(largeTexts.count, largeKey))}`;
      await all(20, () => attacker.hold(attacker.request("GET", { path }), { isRead: false }));
    },
    cleanUp: (attacker) => writeLargeTexts(attacker, null),
    baseline: "20 unread answers of 1 MB",
    baselineBytes: 17 * largeTexts.length,
  },
];
