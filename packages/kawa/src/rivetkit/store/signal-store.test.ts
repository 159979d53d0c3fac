import { afterEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { streamKey } from "../../core/backend/key.ts";
import { KawaError } from "../../core/errors/errors.ts";
import type { Delta } from "../wire/protocol.ts";
import { SignalStore } from "./signal-store.ts";
import { sqliteHandle } from "../storage/sqlite-storage.ts";
import type { StoreHandle } from "../storage/storage.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function isWrite(sql: string): boolean {
  return sql.startsWith("INSERT INTO signals");
}

/** A store whose commits wait, each for one `commit()`. */
async function openSlowStore(): Promise<{ db: TestDatabase; store: SignalStore; commit: () => Promise<void> }> {
  const db = new TestDatabase();
  const store = await openTestStore(db);
  const gates: (() => void)[] = [];
  db.before = (sql) => (isWrite(sql) ? new Promise<void>((resolve) => gates.push(resolve)) : undefined);
  const commit = async (): Promise<void> => {
    gates.shift()!();
    await new Promise(setImmediate);
  };
  return { db, store, commit };
}

describe("a batch", () => {
  it("takes one number in the history, and one statement, whatever its size", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.statements.length = 0;
    const writes = Array.from({ length: 500 }, (_, n) => ({ key: `k${n}`, text: `[${n}]` }));
    const reply = await write(store, "c", 1, writes);
    expect(reply).toMatchObject({ ...store.position, seq: 1, conflicts: [] });
    expect(db.statements).toHaveLength(1);
    await write(store, "c", 2, [{ key: "k0", text: "[-1]" }]);
    expect(store.position.seq).toBe(2);
    expect(store.read(["k0", "k1", "none"]).rows).toEqual([
      ["k0", "[-1]", 2],
      ["k1", "[1]", 1],
      ["none", null, 0],
    ]);
    expect(store.get("k0")).toEqual({ text: "[-1]", seq: 2 });
    expect(store.get("none")).toEqual({ text: null, seq: 0 });
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
    const written = write(store, "c", 1, [{ key: "a", text: "[1]" }]).then(() => events.push("acknowledged"));
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
    await write(store, "c", 1, [
      { key: "a", text: "[1]" },
      { key: "b", text: null },
    ]);
    await write(store, "c", 2, [{ key: "a", text: "[2]" }]);
    const { epoch } = store.position;
    expect(deltas).toEqual([
      {
        epoch,
        from: 0,
        to: 1,
        rows: [
          ["a", "[1]", 1],
          ["b", null, 1],
        ],
      },
      { epoch, from: 1, to: 2, rows: [["a", "[2]", 2]] },
    ]);
  });

  it("is answered with the rows that it wrote, each key once", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "b", text: "[1]" }]);
    const reply = await write(store, "c", 2, [
      { key: "a", text: "[1]" },
      { key: "a", text: "[2]" },
      { key: "b", text: "[lost]", expect: 0 },
      { key: "c", text: null },
    ]);
    expect(reply).toMatchObject({
      conflicts: ["b"],
      rows: [
        ["a", "[2]", 2],
        ["c", null, 2],
      ],
    });
  });

  it("may come without a client, and then leaves no bookkeeping", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await Promise.all(
      [1, 2, 3].map((n) => store.write({ number: 0, settled: 0, writes: [{ key: `k${n}`, text: "[1]" }] })),
    );
    expect(store.position.seq).toBe(1);
    expect(db.sqlite.prepare("SELECT count(*) AS n FROM signals").get()).toEqual({ n: 4 });
  });

  it("cannot write what is of the store itself", async () => {
    const store = await openTestStore();
    for (const key of ["\0epoch", "\0client:c", "\0"]) {
      expect(await codeOf(() => write(store, "c", 1, [{ key, text: "x" }]))).toBe("KEY_INVALID");
    }
    expect(store.position.seq).toBe(0);
    await write(store, "c", 1, [{ key: streamKey("s"), text: "[1]" }]);
    expect(store.read([streamKey("s")]).rows).toEqual([[streamKey("s"), "[1]", 1]]);
  });
});

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

  it("of 100,000 keys takes one commit and a few seconds at most", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    for (let batch = 0; batch < 20; batch += 1) {
      const writes = Array.from({ length: 5_000 }, (_, n) => ({ key: `k${batch * 5_000 + n}`, text: "[1]" }));
      await write(store, "c", batch, writes);
    }
    db.statements.length = 0;
    const startedAt = performance.now();
    const reply = await write(store, "c", 20, [{ clear: "k" }]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(reply.rows).toHaveLength(100_000);
    expect(db.statements).toHaveLength(1);
    expect(store.list({ prefix: "", after: "", withValues: false }).rows).toEqual([]);
  });
});

describe("a commit that fails", () => {
  it("rejects its batches, changes nothing, and lets the next one through", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    const full = new Error("disk full");
    db.before = (sql) => {
      if (isWrite(sql)) throw full;
    };
    const errors = await Promise.all(
      ["c", "d"].map((client) => caught(() => write(store, client, 1, [{ key: "a", text: "[1]", expect: 0 }]))),
    );
    expect(errors).toMatchObject([1, 2].map(() => ({ code: "BACKEND_UNAVAILABLE", retryable: true, cause: full })));
    expect(deltas).toEqual([]);
    expect(store.read(["a"])).toMatchObject({ seq: 0, rows: [["a", null, 0]] });
    db.before = () => {};
    expect(await write(store, "d", 1, [{ key: "a", text: "[1]", expect: 0 }])).toMatchObject({ seq: 1, conflicts: [] });
    expect(store.read(["a"])).toMatchObject({ seq: 1, rows: [["a", "[1]", 1]] });
  });

  it("is believed to have happened when the storage holds it", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const deltas = deltasOf(store);
    db.after = (sql) => {
      if (isWrite(sql)) throw new Error("connection lost after the commit");
    };
    expect(await codeOf(() => write(store, "c", 1, [{ key: "a", text: "[1]" }]))).toBe("BACKEND_UNAVAILABLE");
    expect(store.read(["a"])).toMatchObject({ seq: 1, rows: [["a", "[1]", 1]] });
    expect(deltas).toEqual([{ epoch: store.position.epoch, from: 0, to: 1, rows: [["a", "[1]", 1]] }]);
    db.after = () => {};
    expect(await write(store, "c", 1, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: 1, conflicts: [] });
    expect(deltas).toHaveLength(1);
  });

  it("is known to every client of its group when they send again", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.after = (sql) => {
      if (isWrite(sql)) throw new Error("connection lost after the commit");
    };
    const send = (client: string): Promise<unknown> =>
      write(store, client, 1, [{ key: "a", text: `["${client}"]`, expect: 0 }]);
    await Promise.all(["c", "d"].map((client) => caught(() => send(client))));
    db.after = () => {};
    expect(await send("d")).toMatchObject({ seq: 1, conflicts: ["a"] });
    expect(await send("c")).toMatchObject({ seq: 1, conflicts: [] });
    expect(store.get("a")?.text).toBe('["c"]');
  });

  it("never gives its number to another commit, even when the storage cannot be asked at once", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    db.after = () => {
      throw new Error("connection lost after the commit");
    };
    await caught(() => write(store, "c", 1, [{ key: "a", text: "[1]" }]));
    expect(await codeOf(() => write(store, "d", 1, [{ key: "b", text: "[2]" }]))).toBe("BACKEND_UNAVAILABLE");
    expect(store.position.seq).toBe(0);
    db.after = () => {};
    const reply = await write(store, "d", 1, [{ key: "b", text: "[2]" }]);
    expect(reply.seq).toBe(2);
    expect(store.read(["a", "b"]).rows).toEqual([
      ["a", "[1]", 1],
      ["b", "[2]", 2],
    ]);
  });

  it("ends the store when the storage has lost what it had", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    const onClose = vi.fn<() => void>();
    store.listen(() => {}, onClose);
    db.before = (sql) => {
      if (!isWrite(sql)) return;
      db.sqlite.exec("DELETE FROM signals WHERE seq = 1");
      throw new Error("restarted without its last second");
    };
    expect(await codeOf(() => write(store, "c", 2, [{ key: "a", text: "[2]" }]))).toBe("BACKEND_UNAVAILABLE");
    expect(onClose).toHaveBeenCalledTimes(1);
    db.before = () => {};
    expect((await SignalStore.open(sqliteHandle(db))).position).toEqual({ ...store.position, seq: 0 });
  });

  it("ends the store when another incarnation has taken over", async () => {
    const db = new TestDatabase();
    await (await openTestStore(db)).close();
    const replaced = (): Promise<never> => Promise.reject(new KawaError("BACKEND_CLOSED", "Taken over."));
    const close = vi.fn<() => Promise<void>>(async () => {});
    const handle: StoreHandle = { ...sqliteHandle(db), close };
    const store = await SignalStore.open(handle);
    const onClose = vi.fn<() => void>();
    store.listen(() => {}, onClose);
    Object.assign(handle, { commit: replaced, load: replaced });
    expect(await codeOf(() => write(store, "c", 1, [{ key: "a", text: "[1]" }]))).toBe("BACKEND_UNAVAILABLE");
    expect(onClose).toHaveBeenCalledTimes(1);
    expect(await codeOf(() => store.read(["a"]))).toBe("BACKEND_UNAVAILABLE");
    await store.close();
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe("a listener that throws", () => {
  it("keeps neither the other listeners nor the writer from hearing of the commit", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const store = await openTestStore();
    store.listen(
      () => {
        throw new Error("a listener's own mistake");
      },
      () => {},
    );
    const deltas = deltasOf(store);
    await expect(write(store, "c", 1, [{ key: "a", text: "[1]" }])).resolves.toMatchObject({ seq: 1 });
    expect(deltas).toHaveLength(1);
  });
});

describe("close", () => {
  it("tells those who listen once, and refuses everything from then on", async () => {
    const db = new TestDatabase();
    const store = await openTestStore(db);
    const onClose = vi.fn<() => void>();
    const onDelta = vi.fn<(delta: Delta) => void>();
    store.listen(onDelta, onClose);
    await Promise.all([store.close(), store.close()]);
    expect(onClose).toHaveBeenCalledTimes(1);
    const refused = [
      () => write(store, "c", 1, [{ key: "a", text: "[1]" }]),
      () => store.read(["a"]),
      () => store.get("a"),
      () => store.since("", 0),
      () => store.list({ prefix: "", after: "", withValues: true }),
    ];
    for (const call of refused) expect(await codeOf(call)).toBe("BACKEND_UNAVAILABLE");
    expect(onDelta).not.toHaveBeenCalled();
    expect((await SignalStore.open(sqliteHandle(db))).position.seq).toBe(0);
  });

  it("rejects the batches that wait, and lets the commit on the way end", async () => {
    const { db, store, commit } = await openSlowStore();
    const onDelta = vi.fn<(delta: Delta) => void>();
    store.listen(onDelta, () => {});
    const onTheWay = write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    await new Promise(setImmediate);
    const waiting = codeOf(() => write(store, "d", 1, [{ key: "b", text: "[1]" }]));
    let isClosed = false;
    const closed = store.close().then(() => (isClosed = true));
    expect(await waiting).toBe("BACKEND_UNAVAILABLE");
    expect(isClosed).toBe(false);
    await commit();
    expect(await onTheWay).toMatchObject({ seq: 1, conflicts: [] });
    await closed;
    expect(onDelta).not.toHaveBeenCalled();
    db.before = () => {};
    expect((await openTestStore(db)).read(["a", "b"]).rows).toEqual([
      ["a", "[1]", 1],
      ["b", null, 0],
    ]);
  });

  it("rejects a batch of the same turn", async () => {
    const store = await openTestStore();
    const written = codeOf(() => write(store, "c", 1, [{ key: "a", text: "[1]" }]));
    await store.close();
    expect(await written).toBe("BACKEND_UNAVAILABLE");
    expect(store.position.seq).toBe(0);
  });

  it("is not told to who has stopped listening", async () => {
    const store = await openTestStore();
    const onClose = vi.fn<() => void>();
    const onDelta = vi.fn<(delta: Delta) => void>();
    store.listen(onDelta, onClose)();
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    await store.close();
    expect(onDelta).not.toHaveBeenCalled();
    expect(onClose).not.toHaveBeenCalled();
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
