import { afterEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../test/support/sqlite.ts";
import type { Delta } from "./protocol.ts";
import { migrateSignalStore, SignalStore } from "./signal-store.ts";

afterEach(() => {
  vi.useRealTimers();
});

function deltasOf(store: SignalStore): Delta[] {
  const deltas: Delta[] = [];
  store.listen(
    (delta) => deltas.push(delta),
    () => {},
  );
  return deltas;
}

function isWrite(sql: string): boolean {
  return sql.startsWith("INSERT INTO signals");
}

function clientNames(db: TestDatabase): string[] {
  const keys = db.sqlite.prepare("SELECT hex(key) AS key FROM signals").all();
  const names = keys.map(({ key }) => Buffer.from(String(key), "hex").toString().split("\0client:")[1]);
  return names.filter((name) => name !== undefined).sort();
}

describe("a batch", () => {
  it("takes one number in the history, and one statement, whatever its size", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.statements.length = 0;
    const writes = Array.from({ length: 500 }, (_, n) => ({ key: `k${n}`, text: `[${n}]` }));
    const reply = await store.write("c", 1, writes);
    expect(reply).toEqual({ ...store.position, seq: 1, conflicts: [] });
    expect(db.statements).toHaveLength(1);
    await store.write("c", 2, [{ key: "k0", text: "[-1]" }]);
    expect(store.position.seq).toBe(2);
    expect(store.read(["k0", "k1", "none"]).rows).toEqual([
      ["k0", "[-1]", 2],
      ["k1", "[1]", 1],
      ["none", null, 0],
    ]);
  });

  it("is told to listeners and acknowledged only after its commit, in that order", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const gate = Promise.withResolvers<void>();
    db.after = () => gate.promise;
    const events: string[] = [];
    store.listen(
      () => events.push("delta"),
      () => {},
    );
    const written = store.write("c", 1, [{ key: "a", text: "[1]" }]).then(() => events.push("acknowledged"));
    await new Promise(setImmediate);
    expect(events).toEqual([]);
    expect(store.read(["a"]).rows).toEqual([["a", null, 0]]);
    gate.resolve();
    await written;
    expect(events).toEqual(["delta", "acknowledged"]);
  });

  it("comes as one delta that says from which version it leads to which", async () => {
    const store = await openTestStore();
    const deltas = deltasOf(store);
    await store.write("c", 1, [
      { key: "a", text: "[1]" },
      { key: "b", text: null },
    ]);
    await store.write("c", 2, [{ key: "a", text: "[2]" }]);
    const { epoch } = store.position;
    expect(deltas).toEqual([
      { epoch, from: 0, to: 1, rows: [["a", "[1]", 1], ["b", null, 1]] },
      { epoch, from: 1, to: 2, rows: [["a", "[2]", 2]] },
    ]);
  });

  it("waits for the one before it", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.write(`c${n}`, 1, [{ key: "a", text: `[${n}]` }])));
    expect(deltas.map(({ from, to }) => [from, to])).toEqual(Array.from({ length: 20 }, (_, n) => [n, n + 1]));
    expect(store.read(["a"]).rows).toEqual([["a", "[19]", 20]]);
  });

  it("that is sent again is acknowledged and not applied again", async () => {
    const store = await openTestStore();
    const deltas = deltasOf(store);
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    await store.write("other", 1, [{ key: "a", text: "[2]" }]);
    const again = await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    expect(again).toEqual({ ...store.position, seq: 2, conflicts: [] });
    expect(deltas).toHaveLength(2);
    expect(store.read(["a"]).rows).toEqual([["a", "[2]", 2]]);
  });

  it("that is sent again gets its conflicts again", async () => {
    const store = await openTestStore();
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    const writes = [
      { key: "a", text: "[lost]", expect: 0 },
      { key: "b", text: "[1]", expect: 0 },
    ];
    const first = await store.write("c", 2, writes);
    await store.write("other", 1, [{ key: "a", text: "[3]" }]);
    const second = await store.write("c", 2, writes);
    expect(first.conflicts).toEqual(["a"]);
    expect(second.conflicts).toEqual(["a"]);
    expect(store.read(["b"]).rows).toEqual([["b", "[1]", 2]]);
  });
});

describe("a write that expects a version", () => {
  it("applies when the key was last written by that batch", async () => {
    const store = await openTestStore();
    await store.write("c", 1, [{ key: "a", text: "[1]", expect: 0 }]);
    const reply = await store.write("c", 2, [{ key: "a", text: "[2]", expect: 1 }]);
    expect(reply.conflicts).toEqual([]);
    expect(store.read(["a"]).rows).toEqual([["a", "[2]", 2]]);
  });

  it("conflicts otherwise, and leaves the other writes of its batch alone", async () => {
    const store = await openTestStore();
    const deltas = deltasOf(store);
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    const reply = await store.write("d", 1, [
      { key: "a", text: "[2]", expect: 0 },
      { key: "b", text: "[2]" },
    ]);
    expect(reply).toMatchObject({ seq: 2, conflicts: ["a"] });
    expect(deltas[1]!.rows).toEqual([["b", "[2]", 2]]);
  });

  it("makes no new version when the whole batch conflicts", async () => {
    const store = await openTestStore();
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    const deltas = deltasOf(store);
    const reply = await store.write("d", 1, [{ key: "a", text: "[2]", expect: 0 }]);
    expect(reply).toMatchObject({ seq: 1, conflicts: ["a"] });
    expect(deltas).toEqual([]);
  });
});

describe("a commit that fails", () => {
  it("rejects its batch, changes nothing, and lets the next one through", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    const full = new Error("disk full");
    db.before = (sql) => {
      if (isWrite(sql)) throw full;
    };
    expect(await caught(() => store.write("c", 1, [{ key: "a", text: "[1]" }]))).toBe(full);
    expect(deltas).toEqual([]);
    expect(store.read(["a"])).toMatchObject({ seq: 0, rows: [["a", null, 0]] });
    db.before = () => {};
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    expect(store.read(["a"])).toMatchObject({ seq: 1, rows: [["a", "[1]", 1]] });
  });

  it("is believed to have happened when the database holds it", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    db.after = (sql) => {
      if (isWrite(sql)) throw new Error("connection lost after the commit");
    };
    await caught(() => store.write("c", 1, [{ key: "a", text: "[1]" }]));
    expect(store.read(["a"])).toMatchObject({ seq: 1, rows: [["a", "[1]", 1]] });
    expect(deltas).toEqual([{ epoch: store.position.epoch, from: 0, to: 1, rows: [["a", "[1]", 1]] }]);
    db.after = () => {};
    expect(await store.write("c", 1, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: 1, conflicts: [] });
    expect(deltas).toHaveLength(1);
  });

  it("never gives its number to another batch, even when the database cannot be asked at once", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.after = () => {
      throw new Error("connection lost after the commit");
    };
    await caught(() => store.write("c", 1, [{ key: "a", text: "[1]" }]));
    db.after = () => {};
    const reply = await store.write("d", 1, [{ key: "b", text: "[2]" }]);
    expect(reply.seq).toBe(2);
    expect(store.read(["a", "b"]).rows).toEqual([["a", "[1]", 1], ["b", "[2]", 2]]);
  });
});

describe("a listener that throws", () => {
  it("keeps neither the other listeners nor the writer from hearing of the commit", async () => {
    const store = await openTestStore();
    store.listen(
      () => {
        throw new Error("a listener's own mistake");
      },
      () => {},
    );
    const deltas = deltasOf(store);
    await expect(store.write("c", 1, [{ key: "a", text: "[1]" }])).resolves.toMatchObject({ seq: 1 });
    expect(deltas).toHaveLength(1);
  });
});

describe("since", () => {
  it("gives every row that changed after a version, once and in its newest form", async () => {
    const store = await openTestStore();
    const { epoch } = store.position;
    await store.write("c", 1, [{ key: "a", text: "[1]" }, { key: "b", text: "[1]" }]);
    await store.write("c", 2, [{ key: "a", text: "[2]" }]);
    await store.write("c", 3, [{ key: "a", text: "[3]" }, { key: "c", text: null }]);
    expect(store.since(epoch, 3)).toEqual({ epoch, seq: 3, rows: [] });
    expect(store.since(epoch, 2).rows).toEqual([["a", "[3]", 3], ["c", null, 3]]);
    expect([...store.since(epoch, 0).rows!].sort()).toEqual([["a", "[3]", 3], ["b", "[1]", 1], ["c", null, 3]]);
  });

  it("gives null for another history", async () => {
    const store = await openTestStore();
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    expect(store.since("", 0)).toEqual({ ...store.position, rows: null });
    expect(store.since("other", 1).rows).toBeNull();
  });
});

describe("opening", () => {
  it("gives a new database an epoch, which migrating again keeps", async () => {
    const db = new TestDatabase();
    const { epoch } = (await openTestStore(db)).position;
    expect(epoch).toMatch(/^[\w-]{8}$/);
    await migrateSignalStore(db);
    expect((await SignalStore.open(db)).position).toEqual({ epoch, seq: 0 });
    expect((await openTestStore()).position.epoch).not.toBe(epoch);
  });

  it("finds values, number and epoch of the life before, under another instance name", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await before.write("c", 1, [{ key: "a", text: '["é🎈\\u0000"]' }, { key: "b", text: null }]);
    await before.write("c", 2, [{ key: "ключ", text: "[2]" }]);
    const after = await SignalStore.open(db);
    expect(after.position).toEqual(before.position);
    expect(after.read(["a", "b", "ключ"])).toEqual(before.read(["a", "b", "ключ"]));
    expect(after.instance).not.toBe(before.instance);
    await after.write("c", 3, [{ key: "a", text: "[3]" }]);
    expect(after.position.seq).toBe(3);
  });

  it("remembers the last batch of each client", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await before.write("c", 7, [{ key: "a", text: "[1]" }]);
    const after = await SignalStore.open(db);
    const deltas = deltasOf(after);
    expect(await after.write("c", 7, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: 1, conflicts: [] });
    expect(deltas).toEqual([]);
  });

  it("shows its own bookkeeping to nobody", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await before.write("c", 1, [{ key: "a", text: "[1]" }]);
    const after = await SignalStore.open(db);
    expect(after.since(after.position.epoch, -1).rows).toEqual([["a", "[1]", 1]]);
  });

  it("forgets clients that were silent for a day, but never the number of the newest batch", async () => {
    vi.useFakeTimers({ now: 0, toFake: ["Date"] });
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await before.write("old", 1, [{ key: "a", text: "[1]" }]);
    await before.write("newest", 1, [{ key: "b", text: "[1]" }]);
    const clients = (): string[] => clientNames(db);
    expect(clients()).toEqual(["newest", "old"]);
    vi.setSystemTime(24 * 60 * 60 * 1000);
    await SignalStore.open(db);
    expect(clients()).toEqual(["newest", "old"]);
    vi.setSystemTime(24 * 60 * 60 * 1000 + 1);
    const after = await SignalStore.open(db);
    expect(clients()).toEqual(["newest"]);
    expect(after.position.seq).toBe(2);
    expect(after.read(["a", "b"]).rows).toEqual([["a", "[1]", 1], ["b", "[1]", 2]]);
  });
});

describe("close", () => {
  it("tells those who listen once, and refuses every later write", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const onClose = vi.fn<() => void>();
    const onDelta = vi.fn<(delta: Delta) => void>();
    store.listen(onDelta, onClose);
    store.close();
    store.close();
    expect(onClose).toHaveBeenCalledTimes(1);
    expect(await caught(() => store.write("c", 1, [{ key: "a", text: "[1]" }]))).toBeInstanceOf(Error);
    expect(onDelta).not.toHaveBeenCalled();
    expect((await SignalStore.open(db)).position.seq).toBe(0);
  });

  it("is not told to who has stopped listening", async () => {
    const store = await openTestStore();
    const onClose = vi.fn<() => void>();
    const onDelta = vi.fn<(delta: Delta) => void>();
    store.listen(onDelta, onClose)();
    await store.write("c", 1, [{ key: "a", text: "[1]" }]);
    store.close();
    expect(onDelta).not.toHaveBeenCalled();
    expect(onClose).not.toHaveBeenCalled();
  });
});
