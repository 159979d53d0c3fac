import { setTimeout as sleep } from "node:timers/promises";
import { maxKept } from "../packages/kawa/src/browser/value-protocol.ts";
import { maxFragments } from "../packages/kawa/src/next/protocol/push-protocol.ts";
import { maxRendersPerTab, maxTabs } from "../packages/kawa/src/next/protocol/stream-protocol.ts";
import { all, type Attack, listOf, tabsOf } from "./attack.ts";
import { pace } from "./attacker.ts";
import { jsonHeaders } from "./loopback.ts";

/** Of the texts in a page's scripts. */
const fragmentPattern = /\\"token\\":\\"([^"\\]+)\\",\\"render\\":\\"([^"\\]+)\\",\\"versions\\":\\"([^"\\]+)\\"/;

const trickleSeconds = 9;

/** Streams, calls and connections that stay open, or are opened and closed. */
export const connectionAttacks: readonly Attack[] = [
  {
    name: `30 streams that keep ${maxTabs} x ${maxKept} keys without a value`,
    run: (attacker) =>
      all(30, (stream) => {
        const key = (tab: number, index: number): string => `bench:windows:none:${stream}-${tab}-${index}`;
        return attacker.post(tabsOf((tab) => ({ kept: listOf(maxKept, (index) => key(tab, index)) })));
      }),
    baseline: "30 posts",
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
    baseline: "20 calls",
    holdMs: 5_000,
  },
  {
    name: "20 streams of 13,600 keys",
    run: (attacker) =>
      all(20, (stream) => {
        const key = (tab: number, index: number): string => `bench:texts:${stream}-${tab}-${index}`;
        return attacker.post(tabsOf((tab) => ({ values: listOf(212, (index) => [key(tab, index), -1, ""]) })));
      }),
    baseline: "20 long posts",
  },
  {
    name: `50 streams of ${maxTabs} x ${maxRendersPerTab} unknown renders`,
    run: (attacker) =>
      all(50, () =>
        attacker.post(tabsOf(() => ({ route: listOf(maxRendersPerTab, () => [crypto.randomUUID(), ""]) }))),
      ),
    baseline: "50 long posts",
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
    baseline: "500 windows",
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
    baseline: "200 bodies",
  },
  {
    name: "2,000 connections that say nothing",
    async run(attacker) {
      await pace(2_000, 1_000, (index) => attacker.hold("", { from: attacker.address(index % 4), isRead: false }));
      attacker.count("open", attacker.openCount);
    },
    // No request of theirs comes to any route.
    baseline: "2,000 connections",
  },
  {
    name: "600 streams that are closed at once",
    run: (attacker) =>
      pace(
        600,
        200,
        async () => void (await attacker.post({ tab: { route: [], values: [["bench:score", -1, ""]] } })).destroy(),
      ),
    baseline: "600 streams",
  },
];
