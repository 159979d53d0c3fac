import { afterEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { isWrite, openSlowStore } from "../../../test/support/slow-store.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { KawaError } from "../../core/errors/errors.ts";
import type { Delta } from "../wire/protocol.ts";
import { SignalRows } from "./signal-rows.ts";
import { SignalStore } from "./signal-store.ts";
import { sqliteHandle } from "../storage/sqlite-storage.ts";
import type { StoreHandle } from "../storage/storage.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("a mistake of the store itself ends the incarnation, so that no later write waits for ever", async () => {
  const store = await openTestStore(new TestDatabase());
  const onClose = vi.fn<() => void>();
  store.listen(() => {}, onClose);
  const reported = vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(SignalRows.prototype, "apply").mockImplementationOnce(() => {
    throw new Error("a mistake");
  });
  void write(store, "c", 1, [{ key: "a", text: "[1]" }]).catch(() => {});
  await vi.waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(reported).toHaveBeenCalledOnce();
  expect(await codeOf(() => write(store, "c", 2, [{ key: "a", text: "[2]" }]))).toBe("BACKEND_UNAVAILABLE");
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
