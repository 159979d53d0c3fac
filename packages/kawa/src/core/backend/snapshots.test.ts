import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Entry, type Snapshot, unknownEntry } from "./backend.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import type { EntriesAt, ReadAt } from "./pinned-snapshot.ts";
import { cell, type Cell } from "../process/reactive.ts";
import { Snapshots } from "./snapshots.ts";
import { UndoLog } from "./undo-log.ts";

const present = (seq: number): Entry => ({ state: "present", seq, value: `v${seq}` });

/** Live entries that change as a test says, and the snapshots of them. */
function createSource(readAt: ReadAt = () => Promise.reject(new Error("asked"))) {
  const cells = new Map<string, Cell<Entry>>();
  const snapshots = new Snapshots();
  const stored = new Map<string, Entry>();
  const entry = (key: string): Cell<Entry> => {
    if (!cells.has(key)) cells.set(key, cell<Entry>(unknownEntry));
    return cells.get(key)!;
  };
  const replace = (key: string, next: Entry): void => {
    snapshots.keep(key, entry(key).peek());
    entry(key).value = next;
  };
  const load = async (keys: readonly string[]): Promise<void> => {
    for (const key of keys) if (entry(key).peek().state === "unknown") replace(key, stored.get(key)!);
  };
  const open = (seq: number): Snapshot =>
    snapshots.open({ version: { epoch: "e", seq }, live: { entry, load }, readAt });
  return { snapshots, stored, entry, replace, open };
}

const seqIn = (snapshot: Snapshot, key: string): number => snapshot.entry(key).peek().seq;

describe("a snapshot", () => {
  it("gives the live cell itself of what has not changed", () => {
    const { entry, replace, open } = createSource();
    replace("a", present(3));
    const snapshot = open(5);
    expect(snapshot.entry("a")).toBe(entry("a"));
    replace("a", present(6));
    expect(snapshot.entry("a")).not.toBe(entry("a"));
    expect(snapshot.entry("a").peek()).toEqual(present(3));
  });

  it("takes what is loaded later when that is no newer than itself", async () => {
    const { stored, open } = createSource();
    const snapshot = open(5);
    expect(snapshot.entry("a").peek()).toBe(unknownEntry);
    stored.set("a", present(5));
    await snapshot.load(["a"]);
    expect(seqIn(snapshot, "a")).toBe(5);
  });

  it("asks for the older entry when what is loaded is newer, for all keys of one turn at once", async () => {
    const entries = new Map([
      ["a", present(4)],
      ["b", present(2)],
    ]);
    const readAt = vi.fn<ReadAt>(async () => ({ epoch: "e", entries }));
    const { stored, open } = createSource(readAt);
    const snapshot = open(5);
    stored.set("a", present(6)).set("b", present(7)).set("c", present(1));
    await Promise.all([snapshot.load(["a", "c"]), snapshot.load(["b"])]);
    expect(["a", "b", "c"].map((key) => seqIn(snapshot, key))).toEqual([4, 2, 1]);
    expect(readAt.mock.calls).toEqual([[["a", "b"], { epoch: "e", seq: 5 }]]);
    expect(snapshot.isConsistent).toBe(true);
  });

  it.each<[string, EntriesAt]>([
    ["is forgotten", { epoch: "e", entries: new Map([["a", present(6)]]) }],
    ["is of another epoch", { epoch: "f", entries: new Map([["a", present(2)]]) }],
  ])("shows the current entry, and no later one, where the older %s", async (_, current) => {
    const { stored, replace, open } = createSource(async () => current);
    const snapshot = open(5);
    stored.set("a", present(6));
    await snapshot.load(["a"]);
    replace("a", present(8));
    expect(snapshot.entry("a").peek()).toBe(current.entries.get("a"));
    expect(snapshot.isConsistent).toBe(false);
  });

  it("shows nothing that was already newer than the version when it was opened", () => {
    const { replace, open } = createSource();
    replace("a", present(9));
    const snapshot = open(5);
    expect(snapshot.entry("a").peek()).toBe(unknownEntry);
    replace("a", present(10));
    expect(snapshot.entry("a").peek()).toBe(unknownEntry);
  });

  it("keeps what was replaced and shows the new beside it when the history ends", () => {
    const { snapshots, replace, open } = createSource();
    for (const key of ["kept", "replaced later"]) replace(key, present(3));
    const snapshot = open(5);
    replace("kept", unknownEntry);
    snapshots.endHistory();
    replace("kept", present(1));
    replace("replaced later", present(2));
    expect([seqIn(snapshot, "kept"), seqIn(snapshot, "replaced later")]).toEqual([3, 2]);
    expect(snapshot.isConsistent).toBe(false);
    const next = open(2);
    replace("kept", present(3));
    expect([seqIn(next, "kept"), next.isConsistent]).toEqual([1, true]);
  });

  it("shows nothing any more of what may not be shown to everybody", () => {
    const { snapshots, entry, replace, open } = createSource();
    replace("secret", present(3));
    const snapshot = open(5);
    replace("secret", present(6));
    snapshots.detach();
    entry("secret").value = unknownEntry;
    expect(snapshot.entry("secret").peek()).toBe(unknownEntry);
    expect(snapshot.isConsistent).toBe(false);
  });
});

describe("what snapshots keep", () => {
  const spy = (method: "add" | "forgetOldest") => {
    const calls = vi.spyOn(UndoLog.prototype, method);
    onTestFinished(() => calls.mockRestore());
    return calls;
  };

  it("is nothing where none is open, or where none can see it", () => {
    const add = spy("add");
    const { replace, open } = createSource();
    replace("a", present(1));
    replace("a", present(2));
    open(2);
    replace("b", present(3));
    replace("b", present(4));
    expect(add).not.toHaveBeenCalled();
  });

  it("is one entry of a key, however many see it and however often it is written", () => {
    const add = spy("add");
    const { replace, open } = createSource();
    replace("a", present(1));
    const snapshots = Array.from({ length: 100 }, () => open(1));
    for (let seq = 2; seq < 100; seq += 1) replace("a", present(seq));
    expect(add).toHaveBeenCalledTimes(1);
    expect(new Set(snapshots.map((snapshot) => seqIn(snapshot, "a")))).toEqual(new Set([1]));
  });

  it("goes with the last snapshot that can see it, although others are open all the time", async () => {
    const [add, forget] = [spy("add"), spy("forgetOldest")];
    const backend = createMemoryBackend("busy");
    await backend.set("a", 0);
    const open: Snapshot[] = [];
    for (let n = 1; n <= 3_000; n += 1) {
      open.push(backend.openSnapshot()!);
      await backend.set("a", n);
      if (open.length > 2) open.shift()!.release();
    }
    expect(open.map((snapshot) => snapshot.entry("a").peek())).toMatchObject([{ value: 2_998 }, { value: 2_999 }]);
    expect(add.mock.calls.length - forget.mock.calls.length).toBe(2);
  });

  it("is given up after a minute: from then on the snapshot reads live", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { replace, open } = createSource();
    replace("a", present(1));
    const [old, young] = [open(1), open(1)];
    vi.advanceTimersByTime(30_000);
    const later = open(1);
    replace("a", present(2));
    vi.advanceTimersByTime(30_000);
    replace("a", present(3));
    expect([old, young, later].map((snapshot) => seqIn(snapshot, "a"))).toEqual([3, 3, 1]);
    expect([old, young, later].map(({ isConsistent }) => isConsistent)).toEqual([false, false, true]);
  });
});
