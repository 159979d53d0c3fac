import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { ShardedStores } from "../../../test/support/sharded-stores.ts";
import { serverKey } from "../../core/backend/key.ts";
import type { Write } from "../wire/protocol.ts";
import { layoutKey, layoutText, type Sharding } from "../sharding/shard-layout.ts";
import { reshard } from "./reshard.ts";

const most = 4;
const counters = ["users:1:n", "users:2:n", "users:3:n", "app:n", "alone"];
const rows = Array.from({ length: 30 }, (_, n) => `rows:${n}:text`);
const members = ["hall:b", "hall:a", "hall:c"];
/** Cut off while it gave another one up. */
const examples: [number, { to: number; killedAfter: number | null }[], number][] = [
  [
    2,
    [
      { to: 3, killedAfter: 27 },
      { to: 2, killedAfter: 2 },
    ],
    2,
  ],
];
const session = serverKey("revoked:9:s");

const number = fc.integer({ min: 1, max: most });
/** A copy, and after how many requests its process is killed; none where it is not. */
const copies = fc.array(fc.record({ to: number, killedAfter: fc.option(fc.integer({ min: 0, max: 60 })) }), {
  maxLength: 4,
});

function sharding(shards: number): Sharding {
  return { shards, by: {} };
}

describe("reshard", () => {
  it(
    "loses no acknowledged write and applies none twice, wherever it is cut off and whatever is asked for next",
    { timeout: modelTimeout(60) },
    async () => {
      await fc.assert(
        fc.asyncProperty(number, copies, number, async (first, cutOff, last) => {
          const stores = await ShardedStores.open(most);
          if (first > 1)
            await stores.of("global").write({
              number: 0,
              settled: 0,
              writes: [{ key: layoutKey, text: layoutText(sharding(first)) }],
            });
          const fill: Write[] = [
            ...rows.map((key): Write => ({ key, text: `["${key}"]` })),
            ...members.map((key): Write => ({ key, text: '["here"]', ttlMs: 600_000 })),
            { key: session, text: "[true]" },
          ];
          for (const write of fill)
            await stores.home("key" in write ? write.key : "").write({ number: 0, settled: 0, writes: [write] });

          let isWriting = true;
          const [, ...acknowledged] = await Promise.all([
            copyAll(stores, cutOff, last).finally(() => {
              isWriting = false;
            }),
            ...counters.map(async (key) => {
              let count = 0;
              while (isWriting) {
                await stores.increment(key);
                count += 1;
                await new Promise(setImmediate);
              }
              return count;
            }),
          ]);

          expect(stores.sharding).toMatchObject(sharding(last));
          for (const [index, key] of counters.entries())
            expect([key, stores.home(key).get(key).text]).toEqual([key, `[${acknowledged[index]}]`]);
          for (const key of rows) expect(stores.home(key).get(key).text).toBe(`["${key}"]`);
          expect(stores.home(session).get(session).text).toBe("[true]");
          expect(stores.home("hall:a").members("hall").textOf("")).toContain('"b","a","c"');
          await stores.close();
        }),
        { numRuns: modelRuns(60), timeout: 20_000, examples },
      );
    },
  );

  it(
    "loses nothing where another process gives the copy up, or begins one too, at whatever moment",
    { timeout: modelTimeout(60) },
    async () => {
      const moment = fc.integer({ min: 0, max: 120 });
      await fc.assert(
        fc.asyncProperty(number, number, number, moment, moment, async (first, one, other, delay, pause) => {
          const stores = await ShardedStores.open(most);
          const layout = { key: layoutKey, text: layoutText(sharding(first)) };
          if (first > 1) await stores.of("global").write({ number: 0, settled: 0, writes: [layout] });
          let isWriting = true;
          const written = counters.map(async (key) => {
            let count = 0;
            for (; isWriting; count += 1) {
              await stores.increment(key);
              await new Promise(setImmediate);
            }
            return count;
          });
          // The first one stands still for so long that it counts as gone, and then goes on.
          let requests = 0;
          const open = (actorId: string) =>
            stores.rows(
              actorId,
              () => true,
              async () => {
                requests += 1;
                for (let turns = 0; requests === delay && turns < pause; turns += 1) await new Promise(setImmediate);
              },
            );
          const copies = [
            reshard({ whole: "global", to: sharding(one), open }),
            waitFor(delay).then(() =>
              reshard({
                whole: "global",
                to: sharding(other),
                open: (actorId) => stores.rows(actorId),
                now: () => Date.now() + 120_000,
              }),
            ),
          ];
          await Promise.allSettled(copies);
          // Whatever they have left, the next one mends.
          const { shards } = stores.sharding;
          await reshard({
            whole: "global",
            to: sharding(shards),
            open: (actorId) => stores.rows(actorId),
            now: () => Date.now() + 240_000,
          });
          isWriting = false;
          const acknowledged = await Promise.all(written);
          for (const [index, key] of counters.entries())
            expect([key, stores.home(key).get(key).text]).toEqual([key, `[${acknowledged[index]}]`]);
          await stores.close();
        }),
        { numRuns: modelRuns(60), timeout: 20_000 },
      );
    },
  );

  it("refuses to copy beside another process, and to change shardBy alone", async () => {
    const stores = await ShardedStores.open(2);
    const copying = { ...sharding(1), copy: { id: "other", to: sharding(2), at: Date.now() } };
    await stores.of("global").write({ number: 0, settled: 0, writes: [{ key: layoutKey, text: layoutText(copying) }] });
    const open = (actorId: string) => stores.rows(actorId);
    await expect(reshard({ whole: "global", to: sharding(2), open })).rejects.toThrow("Another process copies");
    // It is asked to give up.
    await reshard({ whole: "global", to: sharding(1), open });
    await reshard({ whole: "global", to: sharding(2), open });
    const to = { shards: 2, by: { scores: 2 } };
    await expect(reshard({ whole: "global", to, open })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  it("copies nothing that it does not know, and writes go on", async () => {
    const stores = await ShardedStores.open(2);
    const writes = [{ key: serverKey("of a later version"), text: "[1]" }];
    await stores.of("global").write({ number: 0, settled: 0, writes });
    const open = (actorId: string) => stores.rows(actorId);
    await expect(reshard({ whole: "global", to: sharding(2), open })).rejects.toThrow("of a later version");
    await stores.increment("app:n");
    expect(stores.sharding.shards).toBe(1);
  });

  it("gives up when it is told to: writes go on with the number of before", async () => {
    const stores = await ShardedStores.open(2);
    await stores.increment("app:n");
    const giveUp = new AbortController();
    const onStep = (text: string): void => {
      if (text.startsWith("Writes wait")) giveUp.abort(new Error("Interrupted."));
    };
    const open = (actorId: string) => stores.rows(actorId);
    const options = { whole: "global", to: sharding(2), open, onStep, signal: giveUp.signal };
    await expect(reshard(options)).rejects.toThrow("Interrupted.");
    await stores.increment("app:n");
    expect([stores.sharding.shards, stores.home("app:n").get("app:n").text]).toEqual([1, "[2]"]);
  });
});

async function copyAll(
  stores: ShardedStores,
  cutOff: readonly { readonly to: number; readonly killedAfter: number | null }[],
  last: number,
): Promise<void> {
  const later = new Date(Date.now());
  for (const { to, killedAfter } of [...cutOff, { to: last, killedAfter: null }]) {
    let left = killedAfter ?? Number.POSITIVE_INFINITY;
    const open = (actorId: string) => stores.rows(actorId, () => (left -= 1) >= 0);
    // One that was killed counts as gone after a minute.
    later.setTime(later.getTime() + 61_000);
    const now = later.getTime();
    await reshard({ whole: "global", to: sharding(to), open, now: () => now }).catch((error: unknown) => {
      if (killedAfter === null) throw error;
    });
  }
}

async function waitFor(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
}
