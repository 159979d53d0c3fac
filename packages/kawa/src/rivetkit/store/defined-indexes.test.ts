import { expect, it } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { afterAll } from "../../core/collections/order-key.ts";
import { queryKey } from "../../core/collections/query-key.ts";
import { encodeValue } from "../../core/value/value.ts";
import { migrateSignalStore, sqliteHandle } from "../storage/sqlite-storage.ts";
import { builtKey, definedKey } from "./collection-keys.ts";
import { DefinedIndexes } from "./defined-indexes.ts";
import { SignalStore } from "./signal-store.ts";

const collection = "app:todos";
const byRank = { collection, index: ["rank"] };
const text = encodeValue("defined", true);
const spec = {
  ...byRank,
  ...({ kind: "rows", from: "", to: afterAll, isDescending: false, limit: 10 } as const),
};

it("an index that does not have all rows yet makes its queries wait, and then says how many it has", async () => {
  const indexes = new DefinedIndexes();
  indexes.restore([[definedKey(byRank), text, 1]]);
  indexes.unbuilt[0]!.builtCount = 500;
  expect(await caught(() => indexes.usable(spec))).toMatchObject({
    code: "INDEX_BUILDING",
    retryable: true,
    message: expect.stringContaining("500 rows"),
  });
  const waiting = indexes.usable(spec);
  indexes.apply([[builtKey(byRank), text, 2]]);
  expect(await waiting).toBe(spec);
});

it("an index that nobody has defined is an error, and so is a collection", async () => {
  const indexes = new DefinedIndexes();
  expect(await codeOf(() => indexes.usable(spec))).toBe("INDEX_MISSING");
  indexes.apply([[definedKey({ collection, index: [] }), text, 1]]);
  expect(await codeOf(() => indexes.usable(spec))).toBe("INDEX_MISSING");
  expect(await codeOf(() => indexes.usable(undefined))).toBe("INDEX_MISSING");
});

it("a storage that keeps no cold rows refuses a collection when it is defined", async () => {
  const db = new TestDatabase();
  await migrateSignalStore(db);
  const store = await SignalStore.open({ ...sqliteHandle(db), cold: undefined });
  const define = (): unknown => store.write({ number: 0, settled: 0, writes: [{ key: definedKey(byRank), text }] });
  expect(await codeOf(define)).toBe("COLLECTIONS_UNSUPPORTED");
});

it("what a query finds is refused by itself where its index is missing, and other keys are read", async () => {
  const store = await openTestStore();
  await store.write({ number: 0, settled: 0, writes: [{ key: "a", text: "[1]" }] });
  const keys = [queryKey(spec), "a"];
  const refused = await store.prepare(keys);
  expect(store.read(keys, undefined, refused)).toMatchObject({
    rows: [["a", "[1]", 1]],
    refused: [[queryKey(spec), { code: "INDEX_MISSING" }]],
  });
});

it("a reply that does not hold all rows says nothing of the keys that come after them", async () => {
  const store = await openTestStore();
  const large = JSON.stringify(["x".repeat(1024 * 1024)]);
  const values = Array.from({ length: 6 }, (_, at) => ({ key: `k${at}`, text: large }));
  await store.write({ number: 0, settled: 0, writes: values });
  const keys = [...values.map(({ key }) => key), queryKey(spec)];
  const first = store.read(keys, undefined, await store.prepare(keys));
  expect([first.rows.length < values.length, first.refused]).toEqual([true, undefined]);
  const rest = keys.slice(first.rows.length);
  const second = store.read(rest, undefined, await store.prepare(rest));
  expect(second.rows.length + second.refused!.length).toBe(rest.length);
});
