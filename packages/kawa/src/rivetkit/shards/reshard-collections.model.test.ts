import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  collectionSteps,
  type CollectionStep,
  itemIndexes,
  PlainRows,
  type PlainQuery,
  plainQueries,
  queriesOf,
} from "../../../test/support/collection-model.ts";
import { caught } from "../../../test/support/caught.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { ShardedStores } from "../../../test/support/sharded-stores.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { Write } from "../wire/protocol.ts";
import { layoutKey, layoutText, type Sharding } from "../sharding/shard-layout.ts";
import { definedKey, definedText } from "../store/collection-keys.ts";
import { reshard } from "./reshard.ts";

const most = 4;
const number = fc.integer({ min: 1, max: most });
const copies = fc.array(fc.record({ to: number, killedAfter: fc.option(fc.integer({ min: 0, max: 80 })) }), {
  maxLength: 3,
});
const tenants = ["acme", "beta", "gamma"];
const turn = (): Promise<void> => new Promise(setImmediate);

function sharding(shards: number): Sharding {
  return { shards, by: {} };
}

async function openStores(shards: number): Promise<ShardedStores> {
  const stores = await ShardedStores.open(most);
  const layout = { key: layoutKey, text: layoutText(sharding(shards)) };
  if (shards > 1) await stores.of("global").write({ number: 0, settled: 0, writes: [layout] });
  return stores;
}

/** What a server says before it first uses a collection. */
async function define(stores: ShardedStores, tenant: string, indexes = itemIndexes): Promise<void> {
  const collection = `${tenant}:items`;
  const writes = [[], ...indexes].map((index): Write => ({
    key: definedKey({ collection, index }),
    text: definedText,
  }));
  await stores.write(`${collection}:x`, writes);
}

function rowsIn(stores: ShardedStores, tenant: string): Parameters<CollectionStep["apply"]>[0] {
  const write = (id: string, text: string | null): Promise<void> => {
    const key = `${tenant}:items:${id}`;
    return stores.write(key, [{ key, text }]);
  };
  return { upsert: (id, value) => write(id, encodeValue("row", value)), delete: (id) => write(id, null) };
}

let count = 0;

/** Queries of a tenant that do not show what filtering and sorting an array gives, and such rows. */
async function differing(
  stores: ShardedStores,
  { tenant, plain, asked }: { tenant: string; plain: PlainRows; asked: readonly PlainQuery[] },
): Promise<unknown[]> {
  const { queries } = queriesOf(createMemoryBackend(`reshard-model-${(count += 1)}`), asked, tenant);
  const shown = async (key: string): Promise<unknown> => {
    const text = await stores.read(key);
    return text === null ? undefined : decodeValue(text);
  };
  const found: unknown[] = [];
  for (const { query, counted, options } of queries) {
    const rows = plain.query(options);
    const pairs: [unknown, unknown, unknown][] = [
      [options, await shown(query.key), rows.map(({ id }) => id)],
      ["count", await shown(counted.key), plain.count(options)],
    ];
    for (const { id, value } of rows) pairs.push([id, await shown(`${tenant}:items:${id}`), value]);
    found.push(...pairs.filter(([, one, other]) => !isDeepStrictEqual(one, other)));
  }
  return found.map((pair) => [tenant, pair]);
}

describe("reshard of collections", () => {
  it(
    "shows after it what filtering and sorting an array gives, wherever it is cut off and whatever is asked for next",
    { timeout: modelTimeout(60) },
    async () => {
      const steps = fc.array(collectionSteps, { minLength: tenants.length, maxLength: tenants.length });
      const beginAt = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 3, maxLength: 3 });
      const restarts = fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(
          fc.record({ first: number, cutOff: copies, last: number, steps, asked: plainQueries, beginAt, restarts }),
          async ({ first, cutOff, last, steps, asked, beginAt, restarts }) => {
            const stores = await openStores(first);
            const plains = tenants.map(() => new PlainRows());
            // The first one has rows before the copy.
            await define(stores, tenants[0]!);
            for (const step of steps[0]!) {
              await step.apply(rowsIn(stores, tenants[0]!));
              step.apply(plains[0]!);
            }
            let isWriting = true;
            const written = tenants.map(async (tenant, n) => {
              for (let turns = beginAt[n]!; turns > 0; turns -= 1) await turn();
              if (n > 0) await define(stores, tenant);
              for (let at = 0; isWriting || at < steps[n]!.length; at += 1) {
                const step = steps[n]![at % steps[n]!.length]!;
                await step.apply(rowsIn(stores, tenant));
                step.apply(plains[n]!);
                await turn();
              }
            });
            const restarted = (async () => {
              for (const turns of restarts) {
                for (let left = turns; left > 0 && isWriting; left -= 1) await turn();
                await stores.restart(`${tenants[turns % 3]}:items:x`);
              }
            })();
            await copyAll(stores, cutOff, last).finally(() => {
              isWriting = false;
            });
            await Promise.all([...written, restarted]);

            expect(stores.sharding).toMatchObject(sharding(last));
            for (const [n, tenant] of tenants.entries())
              expect(await differing(stores, { tenant, plain: plains[n]!, asked })).toEqual([]);
            // What the copies to other numbers have left is found by nobody.
            await reshard({
              whole: "global",
              to: sharding(first === last ? (last % most) + 1 : first),
              open: (id) => stores.rows(id),
            });
            for (const [n, tenant] of tenants.entries())
              expect(await differing(stores, { tenant, plain: plains[n]!, asked })).toEqual([]);
            await stores.close();
          },
        ),
        { numRuns: modelRuns(60), timeout: 20_000 },
      );
    },
  );

  it("copies many rows page by page, and compares them where the actor was started again, also behind the fence", async () => {
    const stores = await openStores(1);
    const plain = new PlainRows();
    await define(stores, "acme");
    const rows = rowsIn(stores, "acme");
    const upsert = async (id: string, rank: number): Promise<void> => {
      const value = { group: rank % 2 ? "x" : null, rank, name: id };
      plain.upsert(id, value);
      await rows.upsert(id, value);
    };
    const remove = async (id: string): Promise<void> => {
      plain.delete(id);
      await rows.delete(id);
    };
    const idOf = (n: number): string => `r${String(n).padStart(5, "0")}`;
    await Promise.all(Array.from({ length: 1_300 }, (_, n) => upsert(idOf(n), n)));
    /** Changes among the rows that are copied, between them, and behind them. */
    const change = (n: number): Promise<unknown> =>
      Promise.all([
        upsert(idOf(10 + n), -n),
        upsert(`${idOf(20 + n)}-new`, n),
        upsert(`z${n}`, n),
        remove(idOf(30 + n)),
        remove(idOf(1_250 + n)),
        ...(n > 0 ? [remove(`z${n - 1}`), remove(idOf(10 + n - 1))] : []),
      ]);
    const moments: string[] = [];
    let isFenced = false;
    const open = (actorId: string) => {
      const actor = stores.rows(actorId);
      if (actorId !== "global") return actor;
      const interrupted: typeof actor = {
        ...actor,
        async rows(asked) {
          const page = await actor.rows(asked);
          if (isFenced || moments.length >= 3) return page;
          moments.push(asked.after);
          await change(moments.length);
          await stores.restart("acme:items:x");
          return page;
        },
        async changed(seq) {
          if (isFenced && !moments.includes("fence")) {
            moments.push("fence");
            await stores.restart("acme:items:x");
          }
          return actor.changed(seq);
        },
      };
      return interrupted;
    };
    let last: Promise<unknown> | undefined;
    const onStep = (text: string): void => {
      if (!text.startsWith("Writes wait")) return;
      isFenced = true;
      last = change(5);
    };
    const done = await reshard({ whole: "global", to: sharding(3), open, onStep });
    await last;
    expect(moments).toEqual(["", idOf(499), idOf(999), "fence"]);
    expect(done).toMatchObject({ collectionCount: 1, keyCount: 0 });
    const asked: PlainQuery[] = [
      { limit: 1_000 },
      { limit: 1_000, order: "desc" },
      { index: "byGroup", where: { group: "x" }, limit: 1_000 },
      { index: "byName", limit: 1_000, order: "desc" },
    ];
    expect(await differing(stores, { tenant: "acme", plain, asked })).toEqual([]);
    await stores.close();
  });

  it("builds an index that servers have added while the copy was made", async () => {
    const stores = await openStores(1);
    const plain = new PlainRows();
    await define(stores, "acme", []);
    for (let rank = 0; rank < 5; rank += 1) {
      const value = { group: "x", rank, name: "" };
      await Promise.all([rowsIn(stores, "acme").upsert(`r${rank}`, value), plain.upsert(`r${rank}`, value)]);
    }
    let defined: Promise<void> | undefined;
    const onStep = (text: string): void => {
      if (text.startsWith("Copying")) defined = define(stores, "acme");
    };
    await reshard({ whole: "global", to: sharding(2), open: (id) => stores.rows(id), onStep });
    await defined;
    expect(
      await differing(stores, {
        tenant: "acme",
        plain,
        asked: [{ index: "byGroup", where: { group: "x" }, order: "desc" }],
      }),
    ).toEqual([]);
    await stores.close();
  });

  it("refuses to divide a collection, before it copies anything, and names what to write", async () => {
    const stores = await openStores(1);
    await define(stores, "acme");
    await rowsIn(stores, "acme").upsert("a", { group: null, rank: 1, name: "" });
    const to = { shards: 2, by: { acme: 3 } };
    const error = await caught(() => reshard({ whole: "global", to, open: (id) => stores.rows(id) }));
    expect(error).toMatchObject({
      code: "COLLECTIONS_UNSUPPORTED",
      message: expect.stringContaining('"acme:items": 2'),
    });
    expect(stores.sharding.shards).toBe(1);
    await rowsIn(stores, "acme").upsert("b", { group: null, rank: 1, name: "" });
    await reshard({ whole: "global", to: { ...to, by: { acme: 3, "acme:items": 2 } }, open: (id) => stores.rows(id) });
    expect(await stores.read("acme:items:b")).not.toBeNull();
  });
});

async function copyAll(
  stores: ShardedStores,
  cutOff: readonly { readonly to: number; readonly killedAfter: number | null }[],
  last: number,
): Promise<void> {
  let now = Date.now();
  for (const { to, killedAfter } of [...cutOff, { to: last, killedAfter: null }]) {
    let left = killedAfter ?? Number.POSITIVE_INFINITY;
    const open = (actorId: string) => stores.rows(actorId, () => (left -= 1) >= 0);
    // One that was killed counts as gone after a minute.
    const at = (now += 61_000);
    await reshard({ whole: "global", to: sharding(to), open, now: () => at }).catch((error: unknown) => {
      if (killedAfter === null) throw error;
    });
  }
}
