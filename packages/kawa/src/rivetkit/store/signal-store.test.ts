import { afterEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf, write } from "../../../test/support/store.ts";
import { streamKey } from "../../core/backend/key.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

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
