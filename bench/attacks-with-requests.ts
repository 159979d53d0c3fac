import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { type Attack, listOf } from "./attack.ts";
import { type Attacker, pace } from "./attacker.ts";
import { jsonHeaders, newSession } from "./loopback.ts";

const membersPrefix = "\0members:";

const cheapGet = (attacker: Attacker): { path: string } => ({
  path: `${attacker.target.route}${keysQuery(["bench:score"])}`,
});

const randomAddress = (): string => listOf(4, () => Math.floor(Math.random() * 255)).join(".");

const manyRequests = { count: 600, perSecond: 200, baseline: "600 reads" };

/** Many requests in a short time, of one visitor or of many who are not. */
export const requestAttacks: readonly Attack[] = [
  {
    name: "600 joins of long names while one watches",
    async run(attacker) {
      await attacker.post({ tab: { route: [], values: [[`${membersPrefix}bench:windows:hall`, -1, ""]] } });
      const id = (index: number): string => `${index}-`.padEnd(450, "x");
      await pace(600, 200, (index) =>
        attacker.put(`bench:windows:hall:${id(index)}`, '["here"]', { from: attacker.address(index % 12) }),
      );
    },
    baseline: "600 joins",
  },
  {
    name: "400 reads of 200 new keys",
    run: (attacker) =>
      pace(400, 100, (read) => {
        const path = `${attacker.target.route}${keysQuery(listOf(200, (key) => `bench:texts:new-${read}-${key}`))}`;
        return attacker.send({ path, from: attacker.address(read % 8) });
      }),
    baseline: "400 reads",
  },
  {
    name: "600 reads, each with an address of its own invention",
    run: (attacker) =>
      pace(manyRequests.count, manyRequests.perSecond, () =>
        attacker.send({ ...cheapGet(attacker), headers: { "x-forwarded-for": randomAddress() } }),
      ),
    baseline: manyRequests.baseline,
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
    baseline: "50 pages and 600 reads",
  },
  {
    name: "600 reads in the name of somebody else's session",
    run: (attacker) =>
      pace(manyRequests.count, manyRequests.perSecond, () =>
        attacker.send({ ...cheapGet(attacker), headers: { "x-forwarded-for": attacker.target.honestSessionId } }),
      ),
    baseline: manyRequests.baseline,
  },
  {
    name: "600 reads from the honest visitor's address",
    run: (attacker) =>
      pace(manyRequests.count, manyRequests.perSecond, () =>
        attacker.send({ ...cheapGet(attacker), from: attacker.target.honestAddress }),
      ),
    baseline: manyRequests.baseline,
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
    baseline: "300 pages and posts",
  },
];
