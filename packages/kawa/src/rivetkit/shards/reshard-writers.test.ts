import { describe, expect, it, onTestFinished } from "vitest";
import { ShardedStores } from "../../../test/support/sharded-stores.ts";
import type { Row, Write } from "../wire/protocol.ts";
import { layoutKey, layoutText } from "../sharding/shard-layout.ts";
import { definedKey, definedText } from "../store/collection-keys.ts";
import { pagesOfCollection } from "./listed-rows.ts";
import { reshard } from "./reshard.ts";
import type { ShardRows } from "./shard-actor.ts";

const collection = "acme:items";

/** More than any copy here needs: one that asks without end fails. */
const mostRequests = 500;

async function openStores(shards: number): Promise<ShardedStores> {
  const stores = await ShardedStores.open(4);
  onTestFinished(() => stores.close());
  const layout = { key: layoutKey, text: layoutText({ shards, by: {} }) };
  if (shards > 1) await stores.of("global").write({ number: 0, settled: 0, writes: [layout] });
  return stores;
}

async function openWithCollection(rowCount: number): Promise<ShardedStores> {
  const stores = await openStores(1);
  await stores.write(`${collection}:x`, [{ key: definedKey({ collection, index: [] }), text: definedText }]);
  await writeRows(stores, 0, rowCount);
  return stores;
}

function keyOf(n: number): string {
  return `${collection}:r${String(n).padStart(6, "0")}`;
}

function writeRows(stores: ShardedStores, from: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => from + n);
  return stores.write(
    `${collection}:x`,
    numbers.map((n): Write => ({ key: keyOf(n), text: `[${n}]` })),
  );
}

type Asked = { readonly name: keyof ShardRows; readonly actorId: string; readonly body: unknown };

type Copied = {
  /** What the copy has asked for before its fence, and behind it. */
  readonly before: readonly Asked[];
  readonly behind: readonly Asked[];
};

type CopyOptions = {
  readonly to: number;
  /** What servers write before a request of the copy, for as long as nothing holds them up. */
  readonly write: (asked: Asked) => Promise<unknown> | undefined;
  readonly maxChanged?: number;
  /** Actors remember nothing. */
  readonly isForgetful?: boolean;
};

/** Copies while servers write before each request. */
async function copyBeside(stores: ShardedStores, options: CopyOptions): Promise<Copied> {
  const { to, write, maxChanged, isForgetful = false } = options;
  const copied = { before: [] as Asked[], behind: [] as Asked[] };
  let isFenced = false;
  const open = (actorId: string): ShardRows => {
    const rows = stores.rows(actorId, () => copied.before.length < mostRequests);
    const noted =
      <Body, Reply>(name: keyof ShardRows, ask: (body: Body) => Promise<Reply>) =>
      async (body: Body): Promise<Reply> => {
        copied[isFenced ? "behind" : "before"].push({ name, actorId, body });
        if (!isFenced) await write({ name, actorId, body });
        return ask(body);
      };
    return {
      ...rows,
      list: noted("list", rows.list),
      rows: noted("rows", rows.rows),
      read: noted("read", rows.read),
      write: noted("write", rows.write),
      changed: noted("changed", async (seq) => {
        const changed = await rows.changed(seq);
        return isForgetful ? { ...changed, keys: null } : changed;
      }),
    };
  };
  const onStep = (text: string): void => void (isFenced ||= text.startsWith("Writes wait"));
  await reshard({ whole: "global", to: { shards: to, by: {} }, open, onStep, maxChanged });
  return copied;
}

/** Rows that were copied behind the fence. */
function restOf({ behind }: Copied): string[] {
  const writes = behind.flatMap(({ name, body }) => (name === "write" ? (body as Write[]) : []));
  return writes.flatMap((write) => ("text" in write && write.key !== layoutKey ? write.key : []));
}

/** A collection that gets 600 rows more whenever a page of it is read. */
async function openGrowing() {
  const stores = await openWithCollection(700);
  let count = 700;
  const write = ({ name, actorId }: Asked): Promise<void> | undefined => {
    if (name !== "rows" || actorId !== "global") return undefined;
    count += 600;
    return writeRows(stores, count - 600, 600);
  };
  return { stores, write, count: () => count };
}

async function rowsAfter(stores: ShardedStores): Promise<Row[]> {
  const home = stores.rows(stores.homeId(`${collection}:x`));
  const rows: Row[] = [];
  for await (const page of pagesOfCollection(home, collection, true)) rows.push(...page);
  return rows;
}

function pagesOf({ before }: Copied, name: "rows" | "list", withValues: boolean): number {
  return before.filter(
    (asked) => asked.name === name && (asked.body as { withValues: boolean }).withValues === withValues,
  ).length;
}

describe("reshard beside writers that are faster", () => {
  it("ends the pages of a collection whose ids grow behind the last one", async () => {
    const { stores, write, count } = await openGrowing();
    const copied = await copyBeside(stores, { to: 3, write });
    // Of 1,300 rows, as many as there were when the first page was read.
    expect(pagesOf(copied, "rows", true)).toBe(3);
    expect((await rowsAfter(stores)).map(([key]) => key)).toEqual(Array.from({ length: count() }, (_, n) => keyOf(n)));
  });

  it("ends the pages of signals whose keys grow behind the last one", async () => {
    const stores = await openStores(1);
    let count = 0;
    const text = `["${"x".repeat(900_000)}"]`;
    const write = async (): Promise<void> => {
      for (const n of [0, 1, 2, 3, 4, 5])
        await stores.write("", [{ key: `log:${String(count + n).padStart(4, "0")}`, text }]);
      count += 6;
    };
    await write();
    const copied = await copyBeside(stores, {
      to: 2,
      write: ({ name, body }) => (name === "list" && (body as { prefix: string }).prefix === "" ? write() : undefined),
    });
    // And one for what servers keep.
    expect(pagesOf(copied, "list", true)).toBeLessThanOrEqual(5);
    for (let n = 0; n < count; n += 1) {
      const key = `log:${String(n).padStart(4, "0")}`;
      expect(stores.home(key).get(key).text?.length).toBe(text.length);
    }
  });

  it("compares all rows so many times at most, where it is never known what has changed", async () => {
    const { stores, write, count } = await openGrowing();
    await copyBeside(stores, { to: 3, write, isForgetful: true });
    expect((await rowsAfter(stores)).length).toBe(count());
  });

  it("leaves no more for the fence than changes while one round is made", async () => {
    const stores = await openStores(4);
    const keys = Array.from({ length: 600 }, (_, n) => `users:${n}:bio`);
    const text = (mark: string): string => `["${mark}${"x".repeat(10_000)}"]`;
    for (const key of keys) await stores.write(key, [{ key, text: text("old") }]);
    // Each is changed once, where that has been copied already.
    const left = [...keys];
    const passed = new Set<string>();
    const write = async ({ name, actorId }: Asked): Promise<void> => {
      if (name === "list") passed.add(actorId);
      const changed = left.filter((key) => passed.has(stores.homeId(key))).slice(0, 20);
      for (const key of changed) {
        left.splice(left.indexOf(key), 1);
        await stores.write(key, [{ key, text: text("new") }]);
      }
    };
    const copied = await copyBeside(stores, { to: 3, write });
    expect(left).toEqual([]);
    expect(restOf(copied).length).toBeLessThanOrEqual(100);
    expect(keys.filter((key) => stores.home(key).get(key).text !== text("new"))).toEqual([]);
  });

  it("makes no round that is not smaller than the one before: the same keys change all the time", async () => {
    const stores = await openStores(2);
    const keys = Array.from({ length: 300 }, (_, n) => `users:${n}:n`);
    let value = 0;
    const write = async (): Promise<void> => {
      value += 1;
      for (const key of keys) await stores.write(key, [{ key, text: `[${value}]` }]);
    };
    await write();
    const copied = await copyBeside(stores, { to: 3, write: ({ name }) => (name === "list" ? write() : undefined) });
    expect(restOf(copied).toSorted()).toEqual(keys.toSorted());
    expect(pagesOf(copied, "list", false)).toBeLessThan(30);
    expect(keys.filter((key) => stores.home(key).get(key).text !== `[${value}]`)).toEqual([]);
  });

  it("compares all rows where more have changed than it keeps", async () => {
    const stores = await openWithCollection(700);
    const write = async ({ name, body }: Asked): Promise<void> => {
      if (name !== "rows" || (body as { withValues: boolean }).withValues === false) return;
      const numbers = Array.from({ length: 120 }, (_, n) => n);
      const writes = numbers.map((n): Write => ({ key: keyOf(n), text: n % 3 ? `["new"]` : null }));
      await stores.write(`${collection}:x`, writes);
    };
    const copied = await copyBeside(stores, { to: 3, write, maxChanged: 100 });
    expect(pagesOf(copied, "rows", false)).toBeGreaterThan(0);
    const rows = await rowsAfter(stores);
    expect(rows.length).toBe(660);
    expect(rows.slice(0, 80).every(([, text]) => text === '["new"]')).toBe(true);
  });
});
