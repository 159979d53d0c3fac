import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { ShardedStores } from "../../../test/support/sharded-stores.ts";
import { encodeValue } from "../../core/value/value.ts";
import { layoutKey, layoutText, type Sharding } from "../sharding/shard-layout.ts";
import { definedKey, definedText } from "../store/collection-keys.ts";
import { reshard } from "./reshard.ts";

const most = 4;
const counters = ["users:1:n", "users:2:n", "users:3:n", "app:n"];
const tenants = ["acme", "beta"];
const number = fc.integer({ min: 1, max: most });
/** How many turns of the process one thing after the other takes: most are fast, and some hold up everything. */
const delays = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 })), {
  minLength: 1,
  maxLength: 30,
});

function sharding(shards: number): Sharding {
  return { shards, by: {} };
}

/** Waits as long as the next of the delays says, and begins anew behind the last one. */
function delayed(turnsOf: readonly number[]): () => Promise<void> {
  let at = 0;
  return async () => {
    for (let turns = turnsOf[(at += 1) % turnsOf.length]!; turns > 0; turns -= 1) await new Promise(setImmediate);
  };
}

async function transactIncrement(stores: ShardedStores, key: string): Promise<void> {
  for (;;) {
    try {
      const store = stores.home(key);
      store.gate.check();
      await store.transact(async (read) => {
        const [, text] = read(key);
        const next = `[${Number((text ?? "[0]").slice(1, -1)) + 1}]`;
        return { number: 0, settled: 0, writes: [{ key, text: next }] };
      });
      return;
    } catch {
      await new Promise(setImmediate);
    }
  }
}

describe("reshard where flushes and requests are slow, each in its own way", () => {
  it(
    "ends: neither writes and transactions behind a fence nor indexes that are being built hold it up for ever",
    { timeout: modelTimeout(40) },
    async () => {
      await fc.assert(
        fc.asyncProperty(number, number, delays, delays, async (from, to, flushes, requests) => {
          const stores = await ShardedStores.open(most, delayed(flushes));
          const layout = { key: layoutKey, text: layoutText(sharding(from)) };
          if (from > 1) await stores.of("global").write({ number: 0, settled: 0, writes: [layout] });
          let isWriting = true;
          const counted = counters.map(async (key, index) => {
            let count = 0;
            for (; isWriting; count += 1) {
              await (index % 2 ? transactIncrement(stores, key) : stores.increment(key));
              await new Promise(setImmediate);
            }
            return count;
          });
          const rows = tenants.map(async (tenant) => {
            const collection = `${tenant}:items`;
            let count = 0;
            for (; isWriting || count === 0; count += 1) {
              // Each index after the first is built while rows are written.
              const index = count % 3 ? undefined : count === 0 ? [] : [`field${count / 3}`];
              const writes = index && count < 30 ? [{ key: definedKey({ collection, index }), text: definedText }] : [];
              if (writes.length > 0) await stores.write(`${collection}:x`, writes);
              const key = `${collection}:${count}`;
              await stores.write(key, [{ key, text: encodeValue("row", { field1: count }) }]);
              await new Promise(setImmediate);
            }
            return count;
          });
          const pause = delayed(requests);
          const open = (actorId: string) => stores.rows(actorId, () => true, pause);
          await reshard({ whole: "global", to: sharding(to), open });
          isWriting = false;
          for (const [index, count] of (await Promise.all(counted)).entries())
            expect([counters[index], stores.home(counters[index]!).get(counters[index]!).text ?? "[0]"]).toEqual([
              counters[index],
              `[${count}]`,
            ]);
          for (const [index, count] of (await Promise.all(rows)).entries())
            for (let n = 0; n < count; n += 1)
              expect(await stores.read(`${tenants[index]}:items:${n}`)).toContain("field1");
          await stores.close();
        }),
        { numRuns: modelRuns(40), timeout: 20_000 },
      );
    },
  );
});
