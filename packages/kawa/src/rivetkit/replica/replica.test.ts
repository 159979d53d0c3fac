import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Change, Snapshot } from "../../core/backend/backend.ts";
import { effect } from "../../core/effect.ts";
import type { ReadAt } from "../../core/backend/pinned-snapshot.ts";
import type { Row } from "../wire/protocol.ts";
import { Replica } from "./replica.ts";

function createReplica(rows: readonly Row[] = [["a", '["one"]', 1]], seq = 5): { replica: Replica; changes: Change[] } {
  const replica = new Replica();
  replica.restart(rows, { epoch: "e", seq });
  const changes: Change[] = [];
  replica.onChange((change) => changes.push(change));
  return { replica, changes };
}

describe("a delta", () => {
  it("that follows the version is applied and announced", () => {
    const { replica, changes } = createReplica();
    expect(replica.applyDelta({ epoch: "e", from: 5, to: 6, rows: [["a", '["two"]', 6]] })).toBe(true);
    expect(replica.version).toEqual({ epoch: "e", seq: 6 });
    expect(replica.cell("a").peek()).toMatchObject({ state: "present", seq: 6, value: "two" });
    expect(changes).toEqual([{ keys: ["a"], version: { epoch: "e", seq: 6 } }]);
  });

  it("that leaves a gap is refused and changes nothing", () => {
    const { replica, changes } = createReplica();
    expect(replica.applyDelta({ epoch: "e", from: 6, to: 7, rows: [["a", '["two"]', 7]] })).toBe(false);
    expect(replica.version).toEqual({ epoch: "e", seq: 5 });
    expect(replica.cell("a").peek()).toMatchObject({ value: "one" });
    expect(changes).toEqual([]);
  });

  it("of another history is refused", () => {
    const { replica } = createReplica();
    expect(replica.applyDelta({ epoch: "f", from: 5, to: 6, rows: [["a", '["two"]', 6]] })).toBe(false);
    expect(replica.cell("a").peek()).toMatchObject({ value: "one" });
  });

  it("that comes twice is accepted and announced once", () => {
    const { replica, changes } = createReplica();
    const delta = { epoch: "e", from: 5, to: 6, rows: [["a", '["two"]', 6]] as Row[] };
    expect([replica.applyDelta(delta), replica.applyDelta(delta)]).toEqual([true, true]);
    expect(changes).toHaveLength(1);
    expect(replica.version.seq).toBe(6);
  });

  it("older than the replica never brings an older value back", () => {
    const { replica } = createReplica([["a", '["five"]', 5]]);
    expect(replica.applyDelta({ epoch: "e", from: 1, to: 2, rows: [["a", '["two"]', 2]] })).toBe(true);
    expect(replica.cell("a").peek()).toMatchObject({ seq: 5, value: "five" });
    expect(replica.version.seq).toBe(5);
  });

  it("does not make a key known that nobody has loaded, and announces it all the same", () => {
    const { replica, changes } = createReplica();
    replica.applyDelta({ epoch: "e", from: 5, to: 6, rows: [["other", '["x"]', 6]] });
    expect(replica.isKnown("other")).toBe(false);
    expect(replica.followedKeys()).toEqual(["a"]);
    expect(changes.map(({ keys }) => keys)).toEqual([["other"]]);
  });

  it("of several keys is seen by effects and listeners as a whole, at its version", () => {
    const { replica } = createReplica([
      ["a", "[0]", 1],
      ["b", "[0]", 1],
    ]);
    const seen: unknown[] = [];
    const read = (): unknown[] => ["a", "b"].map((key) => (replica.cell(key).value as { value: unknown }).value);
    onTestFinished(effect(() => void seen.push(["effect", read(), replica.version.seq])));
    replica.onChange(() => seen.push(["listener", read(), replica.version.seq]));
    replica.applyDelta({
      epoch: "e",
      from: 5,
      to: 6,
      rows: [
        ["a", "[1]", 6],
        ["b", "[1]", 6],
      ],
    });
    expect(seen).toEqual([
      ["effect", [0, 0], 5],
      ["effect", [1, 1], 6],
      ["listener", [1, 1], 6],
    ]);
  });

  it("with null makes a key absent", () => {
    const { replica } = createReplica();
    replica.applyDelta({ epoch: "e", from: 5, to: 6, rows: [["a", null, 6]] });
    expect(replica.cell("a").peek()).toEqual({ state: "absent", seq: 6 });
    expect(replica.isKnown("a")).toBe(true);
  });
});

describe("learn", () => {
  it("makes a key known without announcing a change", () => {
    const { replica, changes } = createReplica();
    replica.learn([
      ["b", "[2]", 2],
      ["none", null, 0],
    ]);
    expect(replica.cell("b").peek()).toMatchObject({ state: "present", seq: 2, value: 2 });
    expect(replica.cell("none").peek()).toEqual({ state: "absent", seq: 0 });
    expect(replica.followedKeys()).toEqual(["a", "b", "none"]);
    expect(changes).toEqual([]);
  });

  it("never replaces a newer row, nor the same one", () => {
    const { replica } = createReplica([["a", "[3]", 3]]);
    const before = replica.cell("a").peek();
    replica.learn([["a", "[2]", 2]]);
    replica.learn([["a", "[3]", 3]]);
    expect(replica.cell("a").peek()).toBe(before);
  });

  it("wakes the effects that wait for the key", () => {
    const { replica } = createReplica();
    const states: string[] = [];
    onTestFinished(effect(() => void states.push(replica.cell("b").value.state)));
    replica.learn([["b", null, 0]]);
    expect(states).toEqual(["unknown", "absent"]);
  });
});

describe("catchUp", () => {
  it("moves to the version, updates known keys and names all that changed", () => {
    const { replica, changes } = createReplica();
    replica.catchUp(
      [
        ["a", '["nine"]', 9],
        ["other", "[1]", 8],
      ],
      { epoch: "e", seq: 9 },
    );
    expect(replica.version.seq).toBe(9);
    expect(replica.cell("a").peek()).toMatchObject({ value: "nine" });
    expect(replica.isKnown("other")).toBe(false);
    expect(changes).toEqual([{ keys: ["a", "other"], version: { epoch: "e", seq: 9 } }]);
  });

  it("says nothing when nothing was missed", () => {
    const { replica, changes } = createReplica();
    replica.catchUp([], { epoch: "e", seq: 5 });
    expect(changes).toEqual([]);
  });
});

describe("a delta that comes before the answer to a read is looked at", () => {
  it("wins over the older row of the answer", () => {
    const { replica } = createReplica([], 4);
    replica.expect(["a"]);
    replica.applyDelta({ epoch: "e", from: 4, to: 5, rows: [["a", '["newer"]', 5]] });
    replica.learn([["a", '["older"]', 3]]);
    expect(replica.cell("a").peek()).toMatchObject({ state: "present", seq: 5, value: "newer" });
  });
});

describe("restart", () => {
  it("takes rows of a new history even where their numbers are lower", () => {
    const { replica, changes } = createReplica([["a", '["old"]', 40]], 40);
    replica.restart([["a", '["new"]', 2]], { epoch: "f", seq: 3 });
    expect(replica.version).toEqual({ epoch: "f", seq: 3 });
    expect(replica.cell("a").peek()).toMatchObject({ state: "present", seq: 2, value: "new" });
    expect(changes).toEqual([{ keys: [], version: { epoch: "f", seq: 3 } }]);
  });

  it("shows effects the old value, then the new one, and never an unknown between", () => {
    const { replica } = createReplica([["a", '["old"]', 40]], 40);
    const seen: unknown[] = [];
    onTestFinished(effect(() => void seen.push(replica.cell("a").value)));
    replica.restart([["a", '["new"]', 2]], { epoch: "f", seq: 3 });
    expect(seen).toMatchObject([
      { state: "present", seq: 40, value: "old" },
      { state: "present", seq: 2, value: "new" },
    ]);
  });

  it("tells listeners of the first connection, although no key is known", () => {
    const replica = new Replica();
    const changes: Change[] = [];
    replica.onChange((change) => changes.push(change));
    expect(replica.version).toEqual({ epoch: "", seq: 0 });
    replica.restart([], { epoch: "e", seq: 7 });
    expect(changes).toEqual([{ keys: [], version: { epoch: "e", seq: 7 } }]);
  });
});

describe("a snapshot of a replica", () => {
  const open = (replica: Replica, readAt: ReadAt = () => Promise.reject(new Error("asked"))): Snapshot =>
    replica.snapshots.open({
      version: replica.version,
      live: { entry: (key) => replica.cell(key), load: async () => {} },
      readAt,
    });
  const shown = (snapshot: Snapshot, keys: readonly string[]): unknown[] =>
    keys.map((key) => {
      const entry = snapshot.entry(key).peek();
      return entry.state === "present" ? entry.value : entry.state;
    });

  it("is all before or all after a delta of several keys", () => {
    const { replica } = createReplica([
      ["a", "[0]", 1],
      ["b", "[0]", 1],
      ["c", null, 0],
    ]);
    const before = open(replica);
    replica.applyDelta({
      epoch: "e",
      from: 5,
      to: 6,
      rows: [
        ["a", "[1]", 6],
        ["b", null, 6],
        ["c", "[1]", 6],
      ],
    });
    const after = open(replica);
    replica.catchUp(
      [
        ["a", "[2]", 8],
        ["c", null, 9],
      ],
      { epoch: "e", seq: 9 },
    );
    expect(shown(before, ["a", "b", "c"])).toEqual([0, 0, "absent"]);
    expect(shown(after, ["a", "b", "c"])).toEqual([1, "absent", 1]);
    expect([before.isConsistent, after.isConsistent]).toEqual([true, true]);
  });

  it("asks for a row that was learned from a later version than the replica has", async () => {
    const { replica } = createReplica();
    replica.learn([["b", '["ahead"]', 7]]);
    const snapshot = open(replica, async () => ({
      epoch: "e",
      entries: new Map([["b", { state: "absent", seq: 0 }]]),
    }));
    expect(shown(snapshot, ["b"])).toEqual(["unknown"]);
    await snapshot.load(["b"]);
    expect(shown(snapshot, ["b"])).toEqual(["absent"]);
  });

  it("stays as it is when the replica reads its keys again in the same history", () => {
    const { replica } = createReplica();
    const snapshot = open(replica);
    replica.restart([["a", '["two"]', 8]], { epoch: "e", seq: 9 });
    expect(shown(snapshot, ["a"])).toEqual(["one"]);
    expect(snapshot.isConsistent).toBe(true);
  });

  it.each([
    ["another history", { epoch: "f", seq: 9 }],
    ["a history that has lost its end", { epoch: "e", seq: 4 }],
  ])("keeps what it knew in %s, shows the new beside it, and does not count as consistent", (_, version) => {
    const { replica } = createReplica();
    const snapshot = open(replica);
    replica.restart([["a", '["new"]', 2]], version);
    replica.learn([["b", '["b"]', 3]]);
    expect(shown(snapshot, ["a", "b"])).toEqual(["one", "b"]);
    expect(snapshot.isConsistent).toBe(false);
    expect(shown(open(replica), ["a", "b"])).toEqual(["new", "b"]);
  });

  it("shows nothing once it turns out that the actor guards its values", () => {
    const { replica } = createReplica();
    const snapshot = open(replica);
    replica.applyDelta({ epoch: "e", from: 5, to: 6, rows: [["a", '["two"]', 6]] });
    replica.guard(true);
    expect(shown(snapshot, ["a"])).toEqual(["unknown"]);
  });
});

describe("a cell", () => {
  it("is unknown until it is loaded, and the same for the same key", () => {
    const replica = new Replica();
    expect(replica.cell("a")).toBe(replica.cell("a"));
    expect(replica.cell("a").peek()).toEqual({ state: "unknown", seq: 0 });
    expect(replica.isKnown("a")).toBe(false);
    expect(replica.isKnown("never asked for")).toBe(false);
  });
});

describe("a listener", () => {
  it("is not called after unsubscribe, which may be called twice", () => {
    const { replica } = createReplica();
    const listener = vi.fn<(change: Change) => void>();
    const stop = replica.onChange(listener);
    stop();
    stop();
    replica.applyDelta({ epoch: "e", from: 5, to: 6, rows: [["a", "[1]", 6]] });
    expect(listener).not.toHaveBeenCalled();
  });

  it("hears of a change although an effect of the application throws", () => {
    const { replica, changes } = createReplica([["a", "[0]", 1]]);
    vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    effect(() => {
      if (replica.cell("a").value.seq === 6) throw new Error("an effect's own mistake");
    });
    expect(() => replica.applyDelta({ epoch: "e", from: 5, to: 6, rows: [["a", "[1]", 6]] })).not.toThrow();
    expect(changes.map(({ keys }) => keys)).toEqual([["a"]]);
  });
});
