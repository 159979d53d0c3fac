import { describe, expect, it } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { streamKey } from "../../core/backend/key.ts";
import { definedKey } from "./collection-keys.ts";
import { SignalStore } from "./signal-store.ts";
import { sqliteHandle } from "../storage/sqlite-storage.ts";

describe("clear", () => {
  it("deletes every key with a value under a prefix, in one commit", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await write(
      store,
      "c",
      1,
      ["todo:1", "todo:2", "todo:gone", "todos", "other"].map((key) => ({ key, text: "[1]" })),
    );
    await write(store, "c", 2, [{ key: "todo:gone", text: null }]);
    const deltas = deltasOf(store);
    db.statements.length = 0;
    const reply = await write(store, "c", 3, [{ clear: "todo:" }]);
    expect(reply.rows).toEqual([
      ["todo:1", null, 3],
      ["todo:2", null, 3],
    ]);
    expect(deltas.map(({ rows }) => rows)).toEqual([reply.rows]);
    expect(db.statements).toHaveLength(1);
    expect(store.list({ prefix: "", after: "", withValues: false }).rows.map(([key]) => key)).toEqual([
      "other",
      "todos",
    ]);
  });

  it("of everything leaves streams and the store's own rows alone", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await write(store, "c", 1, [
      { key: "a", text: "[1]" },
      { key: streamKey("s"), text: "[1]" },
    ]);
    await write(store, "c", 2, [{ clear: "" }]);
    expect(store.read(["a", streamKey("s")]).rows).toEqual([
      ["a", null, 2],
      [streamKey("s"), "[1]", 1],
    ]);
    await write(store, "c", 3, [{ clear: streamKey("") }]);
    expect(store.get(streamKey("s"))).toEqual({ text: null, seq: 3 });
    const again = await SignalStore.open(sqliteHandle(db));
    expect(again.position).toEqual(store.position);
  });

  it("leaves rows of collections alone, also those of its own commit", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: definedKey({ collection: "a:todos", index: [] }), text: "[1]" }]);
    await write(store, "c", 2, [{ key: "a:todos:before", text: "[1]" }]);
    await Promise.all([
      write(store, "d", 1, [
        { key: "a:todos:own", text: "[2]" },
        { key: "a:x", text: "[2]" },
      ]),
      write(store, "e", 1, [{ clear: "a:" }]),
    ]);
    expect(["a:todos:before", "a:todos:own", "a:x"].map((key) => store.get(key).text)).toEqual(["[1]", "[2]", null]);
  });

  it("keeps its place among the writes of its batch and its commit", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a:old", text: "[1]" }]);
    const replies = await Promise.all([
      write(store, "d", 1, [{ key: "a:before", text: "[2]" }]),
      write(store, "e", 1, [{ key: "a:own", text: "[2]" }, { clear: "a:" }, { key: "a:after", text: "[2]" }]),
      write(store, "f", 1, [{ key: "a:last", text: "[2]" }]),
    ]);
    expect(store.list({ prefix: "", after: "", withValues: true }).rows).toEqual([
      ["a:after", "[2]", 2],
      ["a:last", "[2]", 2],
    ]);
    expect(replies[1].rows.toSorted()).toEqual([
      ["a:after", "[2]", 2],
      ["a:before", null, 2],
      ["a:old", null, 2],
      ["a:own", null, 2],
    ]);
  });

  it("takes a number of its own when there is nothing to delete, which the next start knows", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    const { epoch } = store.position;
    expect(await write(store, "c", 1, [{ clear: "" }])).toEqual({ epoch, seq: 1, conflicts: [], rows: [] });
    expect(await store.write({ number: 0, settled: 0, writes: [{ clear: "a:" }] })).toEqual({
      epoch,
      seq: 2,
      conflicts: [],
      rows: [],
    });
    expect(deltas).toEqual([
      { epoch, from: 0, to: 1, rows: [] },
      { epoch, from: 1, to: 2, rows: [] },
    ]);
    expect((await openTestStore(db)).position).toEqual({ epoch, seq: 2 });
  });

  it("of what another incarnation has written is not acknowledged by the one before, which does not see it", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    const after = await openTestStore(db);
    await write(after, "c", 1, [{ key: "a", text: "[1]" }]);
    db.before = () => {
      throw new Error("This incarnation has been replaced.");
    };
    expect(await codeOf(() => write(before, "d", 1, [{ clear: "a" }]))).toBe("BACKEND_UNAVAILABLE");
  });

  it("of 100,000 keys takes one commit", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    for (let batch = 0; batch < 20; batch += 1) {
      const writes = Array.from({ length: 5_000 }, (_, n) => ({ key: `k${batch * 5_000 + n}`, text: "[1]" }));
      await write(store, "c", batch, writes);
    }
    db.statements.length = 0;
    const reply = await write(store, "c", 20, [{ clear: "k" }]);
    expect(reply.rows).toHaveLength(100_000);
    expect(db.statements).toHaveLength(1);
    expect(store.list({ prefix: "", after: "", withValues: false }).rows).toEqual([]);
  });
});

describe("a clear that leaves keys out", () => {
  it("deletes the others at once, and each of the rest when it is told to", async () => {
    const store = await openTestStore(new TestDatabase());
    const write = (...writes: Parameters<typeof store.write>[0]["writes"]) =>
      store.write({ number: 0, settled: 0, writes });
    await write(...["a:1", "a:2", "a:3", "b"].map((key) => ({ key, text: "[1]" })));
    await write({ clear: "a:", except: ["a:2", "a:4"] });
    expect(store.list({ prefix: "", after: "", withValues: false }).rows.map(([key]) => key)).toEqual(["a:2", "b"]);
    await write({ clear: "a:", only: "b" });
    await write({ clear: "a:", only: "a:2" });
    expect(store.list({ prefix: "", after: "", withValues: false }).rows.map(([key]) => key)).toEqual(["b"]);
    await store.close();
  });
});
