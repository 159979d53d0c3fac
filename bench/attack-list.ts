import { setTimeout as sleep } from "node:timers/promises";
import { keysQuery, maxKept } from "../packages/kawa/src/browser/value-protocol.ts";
import { maxFragments } from "../packages/kawa/src/next/protocol/push-protocol.ts";
import { maxRendersPerTab, maxTabs } from "../packages/kawa/src/next/protocol/stream-protocol.ts";
import { type Attacker, pace } from "./attacker.ts";
import { jsonHeaders, newSession } from "./loopback.ts";

export type Attack = {
  readonly name: string;
  /** What the app has before, for a fair comparison of its memory. */
  readonly prepare?: (attacker: Attacker) => Promise<unknown>;
  readonly run: (attacker: Attacker) => Promise<unknown>;
  /** What an app would be rid of, too. */
  readonly cleanUp?: (attacker: Attacker) => Promise<unknown>;
  /** How long what it opened stays open at least, from its begin on. In milliseconds. @default 3_000 */
  readonly holdMs?: number;
  /**
   * What it sends, for those that are measured against the same requests to a route that does nothing: that is what Next itself has
   * to do. Attacks that send the same share the figure.
   *
   * @default the goal allows for nothing
   */
  readonly floor?: string;
  /** The route that does nothing else answers with so many bytes. @default a few */
  readonly floorBytes?: number;
  /** It comes from the address of the honest visitor, whose limits it spends: their refusals are reported and no fault. */
  readonly isSameAddress?: boolean;
};

const membersPrefix = "\0members:";

const tabsOf = (subscription: (tab: number) => object, count = maxTabs): object =>
  Object.fromEntries(Array.from({ length: count }, (_, tab) => [`tab${tab}`, { route: [], ...subscription(tab) }]));

const listOf = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index));

const all = (count: number, work: (index: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(listOf(count, work));

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
    floor: `20 pages of a value of ${levels} levels`,
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

const cheapGet = (attacker: Attacker): { path: string } => ({
  path: `${attacker.target.route}${keysQuery(["bench:score"])}`,
});

const randomAddress = (): string => listOf(4, () => Math.floor(Math.random() * 255)).join(".");

const manyRequests = { count: 600, perSecond: 200, floor: "600 reads" };

/** Of the texts in a page's scripts. */
const fragmentPattern = /\\"token\\":\\"([^"\\]+)\\",\\"render\\":\\"([^"\\]+)\\",\\"versions\\":\\"([^"\\]+)\\"/;

const trickleSeconds = 9;

/** Not of a stranger: a route handler of the app itself does one thing again and again. */
function flood(of: string): Attack {
  return {
    name: `a flood: ${of}`,
    async run(attacker) {
      const answer = await attacker.send({ path: `/api/flood?of=${encodeURIComponent(of)}` });
      attacker.count("operations", Number(answer?.text ?? 0));
    },
  };
}

export const attackList: readonly Attack[] = [
  valueAttack("a list with a hole of 4 billion", 0, "[[-7,4294967295]]"),
  valueAttack("references to references", 0, nestedReferences),
  valueAttack("498 levels, 9,000 levels, a number of 60,000 digits", 498, deepNesting, tooDeepNesting, giantBigInt),
  {
    name: `30 streams that keep ${maxTabs} x ${maxKept} keys without a value`,
    run: (attacker) =>
      all(30, (stream) => {
        const key = (tab: number, index: number): string => `bench:windows:none:${stream}-${tab}-${index}`;
        return attacker.post(tabsOf((tab) => ({ kept: listOf(maxKept, (index) => key(tab, index)) })));
      }),
    floor: "30 posts",
    holdMs: 5_000,
  },
  {
    name: `20 calls that name one fragment ${maxFragments} times`,
    async run(attacker) {
      const page = await attacker.send({ path: "/fragment", headers: { accept: "text/html" } });
      const [, token, render, versions] = fragmentPattern.exec(page?.text ?? "") ?? [];
      if (token === undefined) return attacker.count("no fragment");
      const fragments = listOf(maxFragments, () => ({ token, render, versions }));
      await all(20, () => attacker.call(attacker.target.pushAction, [{ tab: crypto.randomUUID(), fragments }]));
    },
    floor: "20 calls",
    holdMs: 5_000,
  },
  {
    name: "20 streams of 13,600 keys",
    run: (attacker) =>
      all(20, (stream) => {
        const key = (tab: number, index: number): string => `bench:texts:${stream}-${tab}-${index}`;
        return attacker.post(tabsOf((tab) => ({ values: listOf(212, (index) => [key(tab, index), -1, ""]) })));
      }),
    floor: "20 long posts",
  },
  {
    name: `50 streams of ${maxTabs} x ${maxRendersPerTab} unknown renders`,
    run: (attacker) =>
      all(50, () =>
        attacker.post(tabsOf(() => ({ route: listOf(maxRendersPerTab, () => [crypto.randomUUID(), ""]) }))),
      ),
    floor: "50 long posts",
  },
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
    floor: "20 unread answers of 6 MB",
    floorBytes: 100 * largeTexts.length,
  },
  {
    name: "20 reads of 200 values of 60 KB that nobody reads",
    prepare: (attacker) => writeLargeTexts(attacker, largeText),
    async run(attacker) {
      const path = `${attacker.target.route}${keysQuery(listOf(largeTexts.count, largeKey))}`;
      await all(20, () => attacker.hold(attacker.request("GET", { path }), { isRead: false }));
    },
    cleanUp: (attacker) => writeLargeTexts(attacker, null),
    floor: "20 unread answers of 1 MB",
    floorBytes: 17 * largeTexts.length,
  },
  {
    name: "600 joins of long names while one watches",
    async run(attacker) {
      await attacker.post({ tab: { route: [], values: [[`${membersPrefix}bench:windows:hall`, -1, ""]] } });
      const id = (index: number): string => `${index}-`.padEnd(450, "x");
      await pace(600, 200, (index) =>
        attacker.put(`bench:windows:hall:${id(index)}`, '["here"]', { from: attacker.address(index % 12) }),
      );
    },
    floor: "600 joins",
  },
  {
    name: "400 reads of 200 new keys",
    run: (attacker) =>
      pace(400, 100, (read) => {
        const path = `${attacker.target.route}${keysQuery(listOf(200, (key) => `bench:texts:new-${read}-${key}`))}`;
        return attacker.send({ path, from: attacker.address(read % 8) });
      }),
    floor: "400 reads",
  },
  {
    name: "600 reads, each with an address of its own invention",
    run: (attacker) =>
      pace(manyRequests.count, manyRequests.perSecond, () =>
        attacker.send({ ...cheapGet(attacker), headers: { "x-forwarded-for": randomAddress() } }),
      ),
    floor: manyRequests.floor,
  },
  {
    name: "600 reads by 50 new sessions",
    async run(attacker) {
      const cookies: string[] = [];
      const { port } = attacker.target;
      await pace(
        50,
        50,
        async () => void cookies.push(await newSession({ port, from: attacker.address(), timeoutMs: 8_000 })),
      );
      await pace(manyRequests.count, manyRequests.perSecond, (index) =>
        attacker.send({ ...cheapGet(attacker), headers: jsonHeaders(cookies[index % cookies.length]) }),
      );
    },
    floor: "50 pages and 600 reads",
  },
  {
    name: "600 reads in the name of somebody else's session",
    run: (attacker) =>
      pace(manyRequests.count, manyRequests.perSecond, () =>
        attacker.send({ ...cheapGet(attacker), headers: { "x-forwarded-for": attacker.target.honestSessionId } }),
      ),
    floor: manyRequests.floor,
  },
  {
    name: "600 reads from the honest visitor's address",
    run: (attacker) =>
      pace(manyRequests.count, manyRequests.perSecond, () =>
        attacker.send({ ...cheapGet(attacker), from: attacker.target.honestAddress }),
      ),
    floor: manyRequests.floor,
    isSameAddress: true,
  },
  {
    name: "300 guests sign out",
    async run(attacker) {
      const { port } = attacker.target;
      await pace(300, 75, async () => {
        // Once the address has begun and ended too many, it gets none any more.
        const cookie = await newSession({ port, from: attacker.address(), timeoutMs: 8_000 }).catch(() => undefined);
        if (cookie !== undefined)
          await attacker.send({ method: "POST", path: attacker.target.signOutRoute, headers: { cookie } });
      });
    },
    floor: "300 pages and posts",
  },
  {
    name: "500 windows that come and go",
    run: (attacker) =>
      pace(500, 100, async (index) => {
        const key = `bench:windows:yard:${crypto.randomUUID()}`;
        await attacker.put(key, '["here"]', { from: attacker.address(index % 12) });
        const request = attacker.streamRequest({ tab: { route: [], kept: [key] } });
        (await attacker.hold(request, { from: attacker.address(index % 12) })).destroy();
      }),
    floor: "500 windows",
  },
  {
    name: "200 bodies of one byte a second",
    async run(attacker) {
      const head = attacker.request("PUT", { headers: { ...jsonHeaders(), "content-length": "1000" } });
      // They are answered when they are ended.
      for (let index = 0; index < 200; index += 1) void attacker.hold(head);
      for (let second = 0; second < trickleSeconds; second += 1) {
        await sleep(1_000);
        attacker.sendOnAll(" ");
      }
      attacker.count(`open after ${trickleSeconds} s`, attacker.openCount);
    },
    holdMs: trickleSeconds * 1_000,
    floor: "200 bodies",
  },
  {
    name: "2,000 connections that say nothing",
    async run(attacker) {
      await pace(2_000, 1_000, (index) => attacker.hold("", { from: attacker.address(index % 4), isRead: false }));
      attacker.count("open", attacker.openCount);
    },
    // No request of theirs comes to any route.
    floor: "2,000 connections",
  },
  {
    name: "600 streams that are closed at once",
    run: (attacker) =>
      pace(
        600,
        200,
        async () => void (await attacker.post({ tab: { route: [], values: [["bench:score", -1, ""]] } })).destroy(),
      ),
    floor: "600 streams",
  },
  ...[
    "set",
    "set with hooks",
    "update",
    "set and delete",
    "set of a family",
    "64 sets at once",
    "get",
    "set in memory",
    "an effect that writes what it reads",
  ].map(flood),
];
