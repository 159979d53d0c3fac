import { describe, expect, it } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { openSlowStore } from "../../../test/support/slow-store.ts";
import { deltasOf, write } from "../../../test/support/store.ts";

describe("batches that come while a commit is on the way", () => {
  it("are committed together: one statement, one number, one delta", async () => {
    const { db, store, commit } = await openSlowStore();
    const deltas = deltasOf(store);
    db.statements.length = 0;
    const first = write(store, "first", 1, [{ key: "first", text: "[0]" }]);
    await new Promise(setImmediate);
    const others = Array.from({ length: 100 }, (_, n) => write(store, `c${n}`, 1, [{ key: `k${n}`, text: `[${n}]` }]));
    await commit();
    expect((await first).seq).toBe(1);
    await commit();
    const replies = await Promise.all(others);
    expect(replies.map(({ seq }) => seq)).toEqual(others.map(() => 2));
    expect(replies.map(({ rows }) => rows)).toEqual(others.map((_, n) => [[`k${n}`, `[${n}]`, 2]]));
    expect(db.statements).toHaveLength(2);
    expect(deltas.map(({ from, to, rows }) => [from, to, rows.length])).toEqual([
      [0, 1, 1],
      [1, 2, 100],
    ]);
  });

  it("and batches of one turn take one statement", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.statements.length = 0;
    await Promise.all(Array.from({ length: 50 }, (_, n) => write(store, `c${n}`, 1, [{ key: `k${n}`, text: "[1]" }])));
    expect(db.statements).toHaveLength(1);
    expect(store.position.seq).toBe(1);
  });

  it("keep their order: the last write of a key wins, in one row", async () => {
    const store = await openTestStore();
    const deltas = deltasOf(store);
    const replies = await Promise.all([1, 2, 3].map((n) => write(store, `c${n}`, 1, [{ key: "a", text: `[${n}]` }])));
    expect(deltas.map(({ rows }) => rows)).toEqual([[["a", "[3]", 1]]]);
    expect(store.read(["a"]).rows).toEqual([["a", "[3]", 1]]);
    // No two values have the same version.
    expect(replies.map(({ rows }) => rows)).toEqual([[["a", "[1]", 0]], [["a", "[2]", 0]], [["a", "[3]", 1]]]);
  });

  it("see what those before them write: of several that expect the same version one applies", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[0]" }]);
    const replies = await Promise.all(
      [1, 2, 3].map((n) =>
        write(store, `c${n}`, 1, [
          { key: "a", text: `[${n}]`, expect: 1 },
          { key: `b${n}`, text: "[1]" },
        ]),
      ),
    );
    expect(replies.map(({ seq, conflicts }) => [seq, conflicts])).toEqual([
      [2, []],
      [2, ["a"]],
      [2, ["a"]],
    ]);
    expect(store.read(["a", "b1", "b2", "b3"]).rows.map(([, text]) => text)).toEqual(["[1]", "[1]", "[1]", "[1]"]);
  });

  it("are split where their texts would make a commit too large", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.statements.length = 0;
    const text = `["${"x".repeat(200_000)}"]`;
    await Promise.all(Array.from({ length: 50 }, (_, n) => write(store, `c${n}`, 1, [{ key: `k${n}`, text }])));
    expect(db.statements).toHaveLength(3);
    expect(store.position.seq).toBe(3);
  });

  it("are split where their rows would be too many", async () => {
    const store = await openTestStore();
    const writes = Array.from({ length: 1_000 }, (_, n) => n);
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, c) =>
        write(
          store,
          `c${c}`,
          1,
          writes.map((n) => ({ key: `${c}:${n}`, text: "[1]" })),
        ),
      ),
    );
    expect(replies.map(({ seq }) => seq)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]);
  });
});

describe("a write that expects a version", () => {
  it("applies when the value was written by that commit", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[1]", expect: 0 }]);
    const reply = await write(store, "c", 2, [{ key: "a", text: "[2]", expect: 1 }]);
    expect(reply.conflicts).toEqual([]);
    expect(store.read(["a"]).rows).toEqual([["a", "[2]", 2]]);
  });

  it("conflicts otherwise, and leaves the other writes of its batch alone", async () => {
    const store = await openTestStore();
    const deltas = deltasOf(store);
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    const reply = await write(store, "d", 1, [
      { key: "a", text: "[2]", expect: 0 },
      { key: "b", text: "[2]" },
    ]);
    expect(reply).toMatchObject({ seq: 2, conflicts: ["a"] });
    expect(deltas[1]!.rows).toEqual([["b", "[2]", 2]]);
  });

  it.each([0, 2])("of a deleted key may expect no value, or the delete itself (%i)", async (expected) => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    await write(store, "c", 2, [{ key: "a", text: null }]);
    expect((await write(store, "c", 3, [{ key: "a", text: "[2]", expect: 1 }])).conflicts).toEqual(["a"]);
    expect((await write(store, "c", 4, [{ key: "a", text: "[2]", expect: expected }])).conflicts).toEqual([]);
    expect(store.get("a")).toEqual({ text: "[2]", seq: 3 });
  });

  it("takes a key for deleted that is deleted in the same commit", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    const replies = await Promise.all([
      write(store, "d", 1, [{ key: "a", text: null }]),
      write(store, "e", 1, [{ key: "a", text: "[2]", expect: 1 }]),
      write(store, "f", 1, [{ key: "a", text: "[3]", expect: 0 }]),
    ]);
    expect(replies.map(({ conflicts }) => conflicts)).toEqual([[], ["a"], []]);
    expect(store.get("a")).toEqual({ text: "[3]", seq: 2 });
  });

  it("makes no new version when the whole batch conflicts", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    const deltas = deltasOf(store);
    db.statements.length = 0;
    const reply = await write(store, "d", 1, [{ key: "a", text: "[2]", expect: 0 }]);
    expect(reply).toMatchObject({ seq: 1, conflicts: ["a"], rows: [] });
    expect(deltas).toEqual([]);
    expect(db.statements).toEqual([]);
  });
});
