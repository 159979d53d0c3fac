import { afterEach, describe, expect, it, vi } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { Replica } from "../replica/replica.ts";
import { SignalStore } from "./signal-store.ts";
import { sqliteHandle } from "../storage/sqlite-storage.ts";

const hourMs = 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function countOf(db: TestDatabase, where = "1"): number {
  return Number(db.sqlite.prepare(`SELECT count(*) AS count FROM signals WHERE ${where}`).get()!["count"]);
}

/** Each comes, and goes again. */
async function comeAndGo(store: SignalStore, { from = 0, count }: { from?: number; count: number }): Promise<void> {
  for (let n = from; n < from + count; n += 100) {
    const keys = Array.from({ length: 100 }, (_, at) => `windows:${n + at}`);
    await store.write({ number: 0, settled: 0, writes: keys.map((key) => ({ key, text: "[1]", ttlMs: 10_000 })) });
    await store.write({ number: 0, settled: 0, writes: keys.map((key) => ({ key, text: null })) });
  }
}

async function untilPurged(db: TestDatabase, count: number): Promise<void> {
  await vi.waitUntil(() => countOf(db, "value IS NULL") <= count, { interval: 1 });
}

describe("windows that came and went", () => {
  it("leave no more than some thousand rows, in memory and in the storage, while the actor runs", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await write(store, "c", 1, [{ key: "kept", text: "[1]" }]);
    await comeAndGo(store, { count: 12_000 });
    await untilPurged(db, 2_100);
    expect(store.rowCount).toBeLessThanOrEqual(2_101);
    const after = await SignalStore.open(sqliteHandle(db));
    expect(after.position.epoch).toBe(store.position.epoch);
    expect(after.position.seq).toBeGreaterThanOrEqual(store.position.seq);
    expect(after.list({ prefix: "", after: "", withValues: true }).rows).toEqual([["kept", "[1]", 1]]);
  });

  it("are forgotten by replicas that follow, which need not read anew", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const replica = new Replica();
    replica.restart([], store.position);
    store.listen(
      (delta) => expect(replica.applyDelta(delta)).toBe(true),
      () => {},
    );
    replica.expect(["windows:5"]);
    await comeAndGo(store, { count: 5_000 });
    expect(replica.version).toEqual(store.position);
    expect(replica.cell("windows:5").peek().state).toBe("absent");
    expect(store.since(replica.version.epoch, replica.version.seq).rows).toEqual([]);
  });

  it("are told to a replica that was away for the last ones, and one that was away for longer reads anew", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await comeAndGo(store, { count: 12_000 });
    await untilPurged(db, 2_100);
    const { epoch, seq } = store.position;
    const told = store.since(epoch, seq - 18);
    expect(told.rows!.filter(([, text]) => text === null).length).toBeGreaterThanOrEqual(800);
    expect(store.since(epoch, 1).rows).toBeNull();
    expect(store.read(["windows:0"]).rows[0]![2]).toBeGreaterThan(100);
  });
});

describe("a purge", () => {
  it("keeps what is written to a key meanwhile", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db, { maxDeletedKeys: 10 });
    let written: Promise<unknown> | undefined;
    db.before = async (sql) => {
      if (sql.startsWith("DELETE")) await (written ??= write(store, "c", 1, [{ key: "windows:0", text: "[2]" }]));
    };
    await comeAndGo(store, { count: 100 });
    await write(store, "d", 1, [{ key: "other", text: "[1]" }]);
    await untilPurged(db, 20);
    await written;
    expect(store.get("windows:0").text).toBe("[2]");
    const after = await SignalStore.open(sqliteHandle(db));
    expect(after.list({ prefix: "", after: "", withValues: false }).rows.map(([key]) => key)).toEqual([
      "other",
      "windows:0",
    ]);
  });

  it("ends well when so many of the keys are written again meanwhile that there are fewer deletions than stay", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const db = new TestDatabase();
    const store = await openTestStore(db, { maxDeletedKeys: 600 });
    const again = Array.from({ length: 700 }, (_, n) => ({ key: `windows:${n + 550}`, text: "[2]" }));
    let written: Promise<unknown> | undefined;
    db.before = async (sql) => {
      if (sql.startsWith("DELETE")) await (written ??= write(store, "c", 1, again));
    };
    await comeAndGo(store, { count: 1_300 });
    await write(store, "d", 1, [{ key: "other", text: "[1]" }]);
    await vi.waitUntil(() => written !== undefined && store.rowCount < 1_300, { interval: 1 });
    await written;
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    await store.close();
    expect(report).not.toHaveBeenCalled();
  });

  it("takes no more than 500 rows at once, and tells nobody about it", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    await comeAndGo(store, { count: 5_000 });
    await untilPurged(db, 2_100);
    const removals = db.statements.filter((sql) => sql.startsWith("DELETE")).length;
    expect(removals).toBeGreaterThanOrEqual(6);
    expect(deltas.length).toBeLessThanOrEqual(102);
    expect(deltas.flatMap(({ rows }) => rows).some(([key]) => key.includes("floor"))).toBe(false);
  });

  it("that the storage refuses is reported, and made up for by a later one", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const db = new TestDatabase();
    const store = await openTestStore(db, { maxDeletedKeys: 10 });
    db.before = (sql) => {
      if (sql.startsWith("DELETE")) throw new Error("away");
    };
    await comeAndGo(store, { count: 200 });
    expect(report).toHaveBeenCalledWith(
      "[kawa] Deleted keys could not be removed from the storage:",
      expect.any(Error),
    );
    db.before = () => {};
    await comeAndGo(store, { from: 200, count: 100 });
    await write(store, "d", 1, [{ key: "other", text: "[1]" }]);
    await untilPurged(db, 10);
    expect(store.get("other").text).toBe("[1]");
  });

  it("forgets clients that were silent for a day", async () => {
    vi.useFakeTimers({ now: 0, toFake: ["Date"] });
    const db = new TestDatabase();
    const store = await openTestStore(db);
    for (let n = 0; n < 50; n += 1) await write(store, `process${n}`, 1, [{ key: "a", text: `[${n}]` }]);
    vi.setSystemTime(25 * hourMs);
    await write(store, "last", 1, [{ key: "a", text: "[last]" }]);
    await vi.waitUntil(() => countOf(db, "hex(key) LIKE '00636C69656E743A%'") === 1, { interval: 1 });
    expect((await write(store, "last", 1, [{ key: "a", text: "[again]" }])).rows).toEqual([["a", "[last]", 51]]);
  });
});
