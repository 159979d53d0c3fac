import { afterEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { streamKey } from "../../core/backend/key.ts";
import { SignalStore } from "./signal-store.ts";
import { migrateSignalStore, sqliteHandle } from "../storage/sqlite-storage.ts";

const dayMs = 24 * 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
});

function reopen(db: TestDatabase): Promise<SignalStore> {
  return SignalStore.open(sqliteHandle(db));
}

/** Keys in the storage, without the epoch. */
function storedKeys(db: TestDatabase, prefix = ""): string[] {
  const rows = db.sqlite.prepare("SELECT hex(key) AS key FROM signals WHERE key <> char(0) || 'epoch'").all();
  const keys = rows.map(({ key }) => Buffer.from(String(key), "hex").toString());
  return keys.filter((key) => key.startsWith(prefix)).sort();
}

async function deleteKeys(store: SignalStore, count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, n) => `deleted:${n}`);
  await write(
    store,
    "c",
    1,
    keys.map((key) => ({ key, text: "[1]" })),
  );
  await write(store, "c", 2, [{ clear: "deleted:" }]);
}

describe("opening", () => {
  it("gives a new storage an epoch, which opening and migrating again keep", async () => {
    const db = new TestDatabase();
    const { epoch } = (await openTestStore(db)).position;
    expect(epoch).toMatch(/^[\w-]{12}$/);
    await migrateSignalStore(db);
    expect((await reopen(db)).position).toEqual({ epoch, seq: 0 });
    expect((await openTestStore()).position.epoch).not.toBe(epoch);
  });

  it("finds values, number and epoch of the life before, under another instance name", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await write(before, "c", 1, [
      { key: "a", text: '["é🎈\\u0000"]' },
      { key: "b", text: null },
    ]);
    await write(before, "c", 2, [{ key: "ключ", text: "[2]" }]);
    db.statements.length = 0;
    const after = await reopen(db);
    expect(db.statements).toHaveLength(1);
    expect(after.position).toEqual(before.position);
    expect(after.read(["a", "b", "ключ"])).toEqual(before.read(["a", "b", "ключ"]));
    expect(after.instance).not.toBe(before.instance);
    await write(after, "c", 3, [{ key: "a", text: "[3]" }]);
    expect(after.position.seq).toBe(3);
  });

  it("tells a replica of the life before what changed after its version, and only that", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await write(before, "c", 1, [
      { key: "a", text: "[1]" },
      { key: "b", text: "[1]" },
    ]);
    await write(before, "c", 2, [{ key: "b", text: null }]);
    const after = await reopen(db);
    expect(after.since(after.position.epoch, 1).rows).toEqual([["b", null, 2]]);
    await write(after, "c", 3, [{ key: "c", text: "[3]" }]);
    expect(after.since(after.position.epoch, 1).rows!.toSorted()).toEqual([
      ["b", null, 2],
      ["c", "[3]", 3],
    ]);
    expect(after.since(after.position.epoch, 2).rows).toEqual([["c", "[3]", 3]]);
  });

  it("closes the handle when it cannot be read", async () => {
    const db = new TestDatabase();
    const broken = new Error("no such table");
    const close = vi.fn<() => Promise<void>>(async () => {});
    const handle = { ...sqliteHandle(db), close, load: () => Promise.reject(broken) };
    expect(await caught(() => SignalStore.open(handle))).toBe(broken);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it("shows its own bookkeeping to nobody", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await write(before, "c", 1, [{ key: "a", text: "[1]" }]);
    const after = await reopen(db);
    expect(after.since(after.position.epoch, 0).rows).toEqual([["a", "[1]", 1]]);
    expect(after.list({ prefix: "", after: "", withValues: true }).rows).toEqual([["a", "[1]", 1]]);
    expect(after.read(["\0client:c", "\0epoch"]).rows.map(([, text]) => text)).toEqual([null, null]);
  });
});

describe("what clients have sent", () => {
  it("is remembered", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await write(before, "c", 7, [{ key: "a", text: "[1]" }]);
    const after = await reopen(db);
    const deltas = deltasOf(after);
    expect(await write(after, "c", 7, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: 1, conflicts: [] });
    expect(deltas).toEqual([]);
  });

  it("is understood as older versions have stored it", async () => {
    const db = new TestDatabase();
    await migrateSignalStore(db);
    const insert = db.sqlite.prepare("INSERT INTO signals (key, value, seq) VALUES (?, ?, ?)");
    insert.run("\0epoch", "0a1b2c3d", 0);
    insert.run("a", "[1]", 4);
    insert.run("\0client:c", JSON.stringify({ number: 3, seq: 4, conflicts: ["b"], at: Date.now() }), 4);
    const store = await reopen(db);
    expect(store.position).toEqual({ epoch: "0a1b2c3d", seq: 4 });
    expect((await write(store, "c", 3, [{ key: "a", text: "[2]" }])).conflicts).toEqual(["b"]);
    expect((await write(store, "c", 2, [{ key: "a", text: "[2]" }])).conflicts).toEqual([]);
    expect(store.get("a")).toEqual({ text: "[1]", seq: 4 });
    await write(store, "c", 4, [{ key: "a", text: "[4]" }]);
    expect((await reopen(db)).get("a")).toEqual({ text: "[4]", seq: 5 });
  });

  it("is forgotten after a day of silence, but never the number of the newest commit", async () => {
    vi.useFakeTimers({ now: 0, toFake: ["Date"] });
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await write(before, "old", 1, [{ key: "a", text: "[1]" }]);
    vi.setSystemTime(1);
    await write(before, "newest", 1, [{ key: "b", text: "[1]" }]);
    const clients = (): string[] => storedKeys(db, "\0client:");
    expect(clients()).toEqual(["\0client:newest", "\0client:old"]);
    vi.setSystemTime(dayMs);
    await reopen(db);
    expect(clients()).toEqual(["\0client:newest", "\0client:old"]);
    vi.setSystemTime(dayMs + 1);
    await reopen(db);
    expect(clients()).toEqual(["\0client:newest"]);
    vi.setSystemTime(dayMs + 2);
    const after = await reopen(db);
    expect(clients()).toEqual([]);
    expect(after.position.seq).toBe(2);
    expect(after.read(["a", "b"]).rows).toEqual([
      ["a", "[1]", 1],
      ["b", "[1]", 2],
    ]);
  });
});

describe("streams", () => {
  it("of the life before have no value any more, which everybody is told in one commit", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    const streams = ["x", "y", "ended"].map(streamKey);
    await write(before, "c", 1, [...streams.map((key) => ({ key, text: "[1]" })), { key: "a", text: "[1]" }]);
    await write(before, "c", 2, [{ key: streams[2]!, text: null }]);
    const after = await reopen(db);
    expect(after.position.seq).toBe(3);
    expect(after.read(["a", ...streams]).rows).toEqual([
      ["a", "[1]", 1],
      [streams[0], null, 3],
      [streams[1], null, 3],
      [streams[2], null, 2],
    ]);
    expect(after.since(after.position.epoch, 2).rows!.toSorted()).toEqual([
      [streams[0], null, 3],
      [streams[1], null, 3],
    ]);
    expect((await reopen(db)).position.seq).toBe(3);
  });

  it("can be written again", async () => {
    const db = new TestDatabase();
    const key = streamKey("x");
    await write(await openTestStore(db), "c", 1, [{ key, text: "[1]" }]);
    const after = await reopen(db);
    expect((await write(after, "c", 2, [{ key, text: "[2]", expect: 0 }])).conflicts).toEqual([]);
    expect(after.get(key)).toEqual({ text: "[2]", seq: 3 });
  });
});

describe("deleted keys", () => {
  it("are remembered up to a thousand", async () => {
    const db = new TestDatabase();
    await deleteKeys(await openTestStore(db), 1_000);
    const after = await reopen(db);
    expect(storedKeys(db, "deleted:")).toHaveLength(1_000);
    expect(after.since(after.position.epoch, 1).rows).toHaveLength(1_000);
  });

  it("are forgotten when they are more, and replicas from before then have to read anew", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await deleteKeys(before, 1_001);
    await write(before, "c", 3, [{ key: "kept", text: "[1]" }]);
    const after = await reopen(db);
    expect(storedKeys(db, "deleted:")).toEqual([]);
    expect(after.position).toEqual({ ...before.position, seq: 4 });
    const { epoch } = after.position;
    expect(after.since(epoch, 2).rows).toBeNull();
    expect(after.since(epoch, 3).rows).toEqual([]);
    expect(after.read(["deleted:1", "kept"]).rows).toEqual([
      ["deleted:1", null, 3],
      ["kept", "[1]", 3],
    ]);
    await write(after, "c", 4, [{ key: "deleted:1", text: "[2]", expect: 0 }]);
    const again = await reopen(db);
    expect(again.since(epoch, 2).rows).toBeNull();
    expect(again.since(epoch, 4).rows).toEqual([["deleted:1", "[2]", 5]]);
  });

  it("are forgotten without a number being used twice, also when nothing else is left", async () => {
    const db = new TestDatabase();
    await deleteKeys(await openTestStore(db), 1_001);
    expect((await reopen(db)).position.seq).toBe(3);
    expect((await reopen(db)).position.seq).toBe(3);
  });

  it("are forgotten again after a crash in between, which nobody can notice", async () => {
    const db = new TestDatabase();
    await deleteKeys(await openTestStore(db), 1_001);
    db.before = (sql) => {
      if (sql.startsWith("DELETE")) throw new Error("killed");
    };
    await caught(() => reopen(db));
    expect(storedKeys(db, "deleted:")).toHaveLength(1_001);
    db.before = () => {};
    const after = await reopen(db);
    expect(storedKeys(db, "deleted:")).toEqual([]);
    expect(after.since(after.position.epoch, 1).rows).toBeNull();
    expect(after.since(after.position.epoch, 2).rows).toBeNull();
    expect(after.since(after.position.epoch, 3).rows).toEqual([]);
  });

  it("of streams that end now stay until the next time", async () => {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await deleteKeys(before, 1_001);
    await write(before, "c", 3, [{ key: streamKey("x"), text: "[1]" }]);
    const after = await reopen(db);
    expect(after.since(after.position.epoch, 3).rows).toEqual([[streamKey("x"), null, 4]]);
  });
});
