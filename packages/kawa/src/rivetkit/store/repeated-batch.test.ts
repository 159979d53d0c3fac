import { describe, expect, it } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { openSlowStore } from "../../../test/support/slow-store.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { SignalStore } from "./signal-store.ts";
import { sqliteHandle } from "../storage/sqlite-storage.ts";

describe("a batch that is sent again", () => {
  it("is acknowledged and not applied again", async () => {
    const store = await openTestStore();
    const deltas = deltasOf(store);
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    await write(store, "other", 1, [{ key: "a", text: "[2]" }]);
    const again = await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    expect(again).toEqual({ ...store.position, seq: 2, conflicts: [], rows: [["a", "[2]", 2]] });
    expect(deltas).toHaveLength(2);
    expect(store.read(["a"]).rows).toEqual([["a", "[2]", 2]]);
  });

  it("gets its conflicts again", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    const writes = [
      { key: "a", text: "[lost]", expect: 0 },
      { key: "b", text: "[1]", expect: 0 },
    ];
    const first = await write(store, "c", 2, writes);
    await write(store, "other", 1, [{ key: "a", text: "[3]" }]);
    const second = await write(store, "c", 2, writes);
    expect(first.conflicts).toEqual(["a"]);
    expect(second.conflicts).toEqual(["a"]);
    expect(store.read(["b"]).rows).toEqual([["b", "[1]", 2]]);
  });

  it("gets its conflicts again also when it wrote nothing", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    const late = [{ key: "a", text: "[lost]", expect: 0 }];
    expect((await write(store, "c", 2, late)).conflicts).toEqual(["a"]);
    await write(store, "other", 1, [{ key: "a", text: null }]);
    expect((await write(store, "c", 2, late)).conflicts).toEqual(["a"]);
    expect(store.get("a")?.text).toBeNull();
  });

  it("while the first is on the way is applied once", async () => {
    const { store, commit } = await openSlowStore();
    const increment = (): ReturnType<typeof write> => write(store, "c", 1, [{ key: "a", text: "[1]", expect: 0 }]);
    const first = increment();
    await new Promise(setImmediate);
    const second = increment();
    await commit();
    expect(await Promise.all([first, second])).toEqual([
      { ...store.position, seq: 1, conflicts: [], rows: [["a", "[1]", 1]] },
      { ...store.position, seq: 1, conflicts: [], rows: [["a", "[1]", 1]] },
    ]);
  });

  it("in the same group is applied once, and both get the outcome", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "taken", text: "[1]" }]);
    const deltas = deltasOf(store);
    const writes = [
      { key: "a", text: "[1]", expect: 0 },
      { key: "taken", text: "[2]", expect: 0 },
    ];
    const replies = await Promise.all([write(store, "c", 2, writes), write(store, "c", 2, writes)]);
    expect(replies.map(({ conflicts }) => conflicts)).toEqual([["taken"], ["taken"]]);
    expect(deltas).toHaveLength(1);
  });

  it("is known among many of its client, whatever their order", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    const send = (store: SignalStore, number: number, settled = 1): ReturnType<typeof write> =>
      store.write({ client: "c", number, settled, writes: [{ key: `k${number}`, text: `[${number}]`, expect: 0 }] });
    await Promise.all([5, 2, 4].map((number) => send(before, number)));
    await send(before, 1);
    const after = await SignalStore.open(sqliteHandle(db));
    const replies = await Promise.all([1, 2, 3, 4, 5].map((number) => send(after, number)));
    expect(replies.map(({ conflicts }) => conflicts)).toEqual([[], [], [], [], []]);
    expect(after.position.seq).toBe(3);
    expect(after.read(["k1", "k2", "k3", "k4", "k5"]).rows.map(([, , seq]) => seq)).toEqual([2, 1, 3, 1, 1]);
  });

  it("below what its client has settled is not applied, however late it arrives", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await store.write({ client: "c", number: 2, settled: 2, writes: [{ key: "a", text: "[2]" }] });
    const late = await store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    expect(late).toEqual({ ...store.position, seq: 2, conflicts: [], rows: [["a", "[2]", 2]] });
    const [row] = db.sqlite.prepare("SELECT value FROM signals WHERE hex(key) LIKE '00636C69656E74%'").all();
    expect(JSON.parse(String(row!["value"]))).toEqual({ at: expect.any(Number), settled: 2, applied: [[2]] });
  });
});

describe("changes that are sent again", () => {
  const increment = { key: "n", changes: ['[{"increment":1},1]'], initial: "[0]" };
  const takeTwo = { key: "n", changes: ['[{"increment":1,"min":2},-2,0]'], initial: "[0]" };

  it("are applied once, and get what they have made, whatever has come since", async () => {
    const store = await openTestStore();
    const first = await write(store, "c", 1, [increment, takeTwo]);
    expect(first.results).toEqual([
      ["n", [1]],
      ["n", [expect.objectContaining({ code: "CHANGE_REFUSED" })]],
    ]);
    await write(store, "other", 1, [{ key: "n", text: "[50]" }]);
    expect((await write(store, "c", 1, [increment, takeTwo])).results).toEqual(first.results);
    expect(store.get("n").text).toBe("[50]");
  });

  it("are remembered by the next incarnation", async () => {
    const db = new TestDatabase();
    await write(await openTestStore(db), "c", 1, [increment]);
    const store = await openTestStore(db);
    expect((await write(store, "c", 1, [increment])).results).toEqual([["n", [1]]]);
    expect(store.get("n").text).toBe("[1]");
  });
});
