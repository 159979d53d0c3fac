import { describe, expect, it, vi } from "vitest";
import { type Entry, unknownEntry, type Updater } from "../../core/backend/backend.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { Write } from "../wire/protocol.ts";
import type { KeyChange } from "./queued-write.ts";
import { WriteQueue } from "./write-queue.ts";

type Outcome = { settled?: "resolved" | "rejected"; with?: unknown };

const absent: Entry = { state: "absent", seq: 0 };
const present = (value: unknown, seq: number): Entry => ({ state: "present", seq, value });
const increment: Updater = (entry) => (entry.state === "present" ? (entry.value as number) : 0) + 1;

function add(queue: WriteQueue, change: KeyChange, deadline = 1_000): Outcome {
  const outcome: Outcome = {};
  queue.add({
    change,
    context: Promise.resolve(undefined),
    deadline,
    resolve: (value) => Object.assign(outcome, { settled: "resolved", with: value }),
    reject: (error) => Object.assign(outcome, { settled: "rejected", with: error }),
  });
  return outcome;
}

/** The write of one key. */
function keyed(write: Write): Extract<Write, { text: string | null }> {
  if (!("text" in write)) throw new Error(`${JSON.stringify(write)} is no write of one key`);
  return write;
}

const set = (queue: WriteQueue, key: string, value: unknown): Outcome =>
  add(queue, { key, text: encodeValue(key, value) });
const update = (queue: WriteQueue, key: string, updater: Updater): Outcome => add(queue, { key, updater });

const reply = (conflicts: readonly string[] = []) => ({ epoch: "e", seq: 1, conflicts });

describe("folding", () => {
  it("sends the last of several sets of one key and resolves all of them", () => {
    const queue = new WriteQueue();
    const outcomes = [set(queue, "a", 1), set(queue, "a", 2), set(queue, "a", 3)];
    const batch = queue.take(() => absent)!;
    expect(batch.folded.map(({ write }) => write)).toEqual([{ key: "a", text: "[3]" }]);
    expect(queue.isEmpty).toBe(true);
    queue.settle(batch, reply(), 0);
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ settled: "resolved", with: undefined })));
  });

  it("keeps the keys in the order in which they were first written", () => {
    const queue = new WriteQueue();
    set(queue, "b", 1);
    set(queue, "a", 1);
    set(queue, "b", 2);
    expect(queue.take(() => absent)!.folded.map(({ write }) => [keyed(write).key, keyed(write).text])).toEqual([
      ["b", "[2]"],
      ["a", "[1]"],
    ]);
  });

  it("runs an update on the value of the set before it, without expecting a version", () => {
    const queue = new WriteQueue();
    set(queue, "a", 10);
    const updated = update(queue, "a", increment);
    const batch = queue.take(() => present(99, 7))!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[11]" });
    queue.settle(batch, reply(), 0);
    expect(updated).toEqual({ settled: "resolved", with: 11 });
  });

  it("expects the version that an update started from", () => {
    const queue = new WriteQueue();
    update(queue, "a", increment);
    update(queue, "b", increment);
    const entries: Record<string, Entry> = { a: present(5, 7), b: absent };
    expect(queue.take((key) => entries[key]!)!.folded.map(({ write }) => write)).toEqual([
      { key: "a", text: "[6]", expect: 7 },
      { key: "b", text: "[1]", expect: 0 },
    ]);
  });

  it("gives each of several updates its own result", () => {
    const queue = new WriteQueue();
    const outcomes = [1, 2, 3].map(() => update(queue, "a", increment));
    const batch = queue.take(() => present(5, 7))!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[8]", expect: 7 });
    queue.settle(batch, reply(), 0);
    expect(outcomes.map((outcome) => outcome.with)).toEqual([6, 7, 8]);
  });

  it("shows a later update a copy of what the one before it returned", () => {
    const queue = new WriteQueue();
    const made = { list: [1] };
    update(queue, "a", () => made);
    const second = vi.fn<Updater>((entry) => (entry.state === "present" ? entry.value : undefined));
    update(queue, "a", second);
    queue.take(() => absent);
    expect(second).toHaveBeenCalledTimes(1);
    expect(second.mock.results[0]!.value).toEqual(made);
    expect(second.mock.results[0]!.value).not.toBe(made);
  });

  it("rejects only the update whose function throws, and goes on from the value before it", () => {
    const queue = new WriteQueue();
    const error = new Error("sold out");
    const outcomes = [
      update(queue, "a", increment),
      update(queue, "a", () => {
        throw error;
      }),
      update(queue, "a", increment),
    ];
    const batch = queue.take(() => present(1, 1))!;
    // Its error was made of what is not stored yet.
    expect(outcomes.map(({ settled }) => settled)).toEqual([undefined, undefined, undefined]);
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[3]", expect: 1 });
    queue.settle(batch, reply(), 0);
    expect(outcomes.map(({ settled }) => settled)).toEqual(["resolved", "rejected", "resolved"]);
    expect(outcomes.map((outcome) => outcome.with)).toEqual([2, error, 3]);
  });

  it("rejects an update that returns what cannot be stored", () => {
    const queue = new WriteQueue();
    const outcome = update(queue, "a", () => Symbol("x"));
    expect(queue.take(() => absent)).toBeUndefined();
    expect(outcome).toMatchObject({ settled: "rejected", with: { code: "VALUE_UNSERIALIZABLE" } });
    expect(queue.isEmpty).toBe(true);
  });
});

describe("a write for one number", () => {
  const expecting = (queue: WriteQueue, text: string | null, expect: number): Outcome =>
    add(queue, { key: "a", text, expect });
  const conflict = { settled: "rejected", with: { code: "UPDATE_CONFLICT" } };

  it("is sent with the number, also where nothing is known of the key here", () => {
    const queue = new WriteQueue();
    const deleted = expecting(queue, null, 7);
    const batch = queue.take(() => unknownEntry)!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: null, expect: 7 });
    queue.settle(batch, reply(), 0);
    expect(deleted).toEqual({ settled: "resolved", with: undefined });
  });

  it("that loses is not tried again, and what was folded into it is", () => {
    const queue = new WriteQueue();
    const [lost, later, updated] = [expecting(queue, "[1]", 7), set(queue, "a", 2), update(queue, "a", increment)];
    const batch = queue.take(() => unknownEntry)!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[3]", expect: 7 });
    queue.settle(batch, reply(["a"]), 0);
    expect(lost).toMatchObject(conflict);
    expect([later, updated]).toEqual([{}, {}]);
    const again = queue.take(() => present(9, 9))!;
    expect(again.folded[0]!.write).toEqual({ key: "a", text: "[3]" });
    queue.settle(again, reply(), 0);
    expect(updated).toEqual({ settled: "resolved", with: 3 });
  });

  it("loses behind a write of its turn, when that is applied", () => {
    const queue = new WriteQueue();
    const [first, lost] = [update(queue, "a", increment), expecting(queue, null, 7)];
    const batch = queue.take(() => present(1, 7))!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[2]", expect: 7 });
    queue.settle(batch, reply(["a"]), 0);
    expect([first, lost]).toEqual([{}, {}]);
    queue.settle(
      queue.take(() => present(5, 8))!,
      reply(),
      0,
    );
    expect(first).toEqual({ settled: "resolved", with: 6 });
    expect(lost).toMatchObject(conflict);
  });

  it("of no value holds behind a deletion of its turn", () => {
    const queue = new WriteQueue();
    const outcomes = [add(queue, { key: "a", text: null }), expecting(queue, "[1]", 0), expecting(queue, "[2]", 0)];
    const batch = queue.take(() => present(1, 7))!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[1]" });
    queue.settle(batch, reply(), 0);
    expect(outcomes[1]).toEqual({ settled: "resolved", with: undefined });
    expect(outcomes[2]).toMatchObject(conflict);
  });

  it("may come behind a renewal", () => {
    const queue = new WriteQueue();
    const [renewed, deleted] = [add(queue, { key: "a", isRenewal: true }), expecting(queue, null, 7)];
    const batch = queue.take(() => present(1, 7))!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: null, expect: 7 });
    queue.settle(batch, reply(["a"]), 0);
    expect([renewed, deleted]).toMatchObject([{}, conflict]);
    expect(queue.take(() => present(1, 8))!.folded[0]!.write).toEqual({ key: "a", isRenewal: true });
  });
});

describe("a conflict", () => {
  it("puts the updates of its key back to the front, in order, and runs them on the newer value", () => {
    const queue = new WriteQueue();
    const first = update(queue, "a", (entry) => `${entry.state === "present" ? entry.value : ""}1`);
    const second = update(queue, "a", (entry) => `${entry.state === "present" ? entry.value : ""}2`);
    const batch = queue.take(() => absent)!;
    const later = update(queue, "a", (entry) => `${entry.state === "present" ? entry.value : ""}3`);
    queue.settle(batch, reply(["a"]), 0);
    expect([first, second, later]).toEqual([{}, {}, {}]);
    const again = queue.take(() => present("x", 4))!;
    expect(again.folded[0]!.write).toEqual({ key: "a", text: '["x123"]', expect: 4 });
    queue.settle(again, reply(), 0);
    expect([first, second, later].map((outcome) => outcome.with)).toEqual(["x1", "x12", "x123"]);
  });

  it("resolves the other keys of its batch", () => {
    const queue = new WriteQueue();
    const a = update(queue, "a", increment);
    const b = set(queue, "b", 1);
    const batch = queue.take(() => absent)!;
    queue.settle(batch, reply(["a"]), 0);
    expect(a).toEqual({});
    expect(b).toEqual({ settled: "resolved", with: undefined });
    expect(queue.keysToLoad()).toEqual(["a"]);
  });

  it("rejects the updates whose time is over, and tries the others again", () => {
    const queue = new WriteQueue();
    const late = add(queue, { key: "a", updater: increment }, 100);
    const early = add(queue, { key: "a", updater: increment }, 101);
    queue.settle(
      queue.take(() => absent)!,
      reply(["a"]),
      100,
    );
    expect(late).toMatchObject({ settled: "rejected", with: { code: "UPDATE_CONFLICT", data: { key: "a" } } });
    const again = queue.take(() => present(5, 4))!;
    expect(again.folded[0]!.write).toEqual({ key: "a", text: "[6]", expect: 4 });
    queue.settle(again, reply(), 100);
    expect(early).toEqual({ settled: "resolved", with: 6 });
  });

  it("never makes a set or a delete behind the update a loser: too late, they time out", () => {
    const queue = new WriteQueue();
    const updated = add(queue, { key: "a", updater: increment }, 100);
    const written = [add(queue, { key: "a", text: "[1]" }, 100), add(queue, { key: "a", text: null }, 100)];
    queue.settle(
      queue.take(() => absent)!,
      reply(["a"]),
      100,
    );
    expect(updated).toMatchObject({ settled: "rejected", with: { code: "UPDATE_CONFLICT" } });
    for (const outcome of written)
      expect(outcome).toMatchObject({ settled: "rejected", with: { code: "BACKEND_TIMEOUT" } });
  });

  it("puts back more writes than a function call takes arguments", () => {
    const queue = new WriteQueue();
    for (let n = 0; n < 200_000; n += 1) update(queue, "a", () => 1);
    const batch = queue.take(() => absent)!;
    expect(() => queue.settle(batch, reply(["a"]), 0)).not.toThrow();
    expect(queue.isEmpty).toBe(false);
  });
});

describe("batches", () => {
  it("are numbered one after the other, and an empty one takes no number", () => {
    const queue = new WriteQueue();
    expect(queue.take(() => absent)).toBeUndefined();
    set(queue, "a", 1);
    const first = queue.take(() => absent)!;
    set(queue, "a", 2);
    expect([first.number, queue.take(() => absent)!.number]).toEqual([1, 2]);
    // The batch itself keeps its number and its writes, however often it is sent.
    expect(first).toMatchObject({ number: 1, folded: [{ write: { text: "[1]" } }] });
  });

  it("hold at most 1,000 keys and leave the rest waiting in order", () => {
    const queue = new WriteQueue();
    for (let n = 0; n < 2_500; n += 1) set(queue, `k${n}`, n);
    set(queue, "k2400", "last");
    set(queue, "k0", "last");
    const keys: string[][] = [];
    const texts = new Map<string, string | null>();
    for (let batch = queue.take(() => absent); batch; batch = queue.take(() => absent)) {
      keys.push(batch.folded.map(({ write }) => keyed(write).key));
      for (const { write } of batch.folded) texts.set(keyed(write).key, keyed(write).text!);
    }
    expect(keys.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect(keys.flat()).toEqual(Array.from({ length: 2_500 }, (_, n) => `k${n}`));
    expect([texts.get("k0"), texts.get("k2400")]).toEqual(['["last"]', '["last"]']);
  });

  it("hold about 4 MB and lose nothing of what is left", () => {
    const queue = new WriteQueue();
    const big = "x".repeat(200_000);
    const outcomes = Array.from({ length: 50 }, (_, n) => set(queue, `k${n}`, big));
    const sizes: number[] = [];
    const keys: string[] = [];
    for (let batch = queue.take(() => absent); batch; batch = queue.take(() => absent)) {
      sizes.push(batch.folded.reduce((sum, { write }) => sum + keyed(write).text!.length, 0));
      keys.push(...batch.folded.map(({ write }) => keyed(write).key));
      queue.settle(batch, reply(), 0);
    }
    expect(Math.max(...sizes)).toBeLessThan(4.5 * 1024 * 1024);
    expect(sizes.length).toBe(3);
    expect(keys).toEqual(Array.from({ length: 50 }, (_, n) => `k${n}`));
    expect(outcomes.every(({ settled }) => settled === "resolved")).toBe(true);
  });

  it("name the keys that must be loaded: those of updates only, each once", () => {
    const queue = new WriteQueue();
    set(queue, "a", 1);
    update(queue, "b", increment);
    update(queue, "b", increment);
    update(queue, "c", increment);
    expect(queue.keysToLoad()).toEqual(["b", "c"]);
  });

  it("never show an updater a key that is not loaded yet", () => {
    const queue = new WriteQueue();
    const updater = vi.fn<Updater>(() => 1);
    update(queue, "unknown", updater);
    set(queue, "a", 1);
    const batch = queue.take((key) => (key === "unknown" ? { state: "unknown", seq: 0 } : absent))!;
    expect(updater).not.toHaveBeenCalled();
    expect(batch.folded.map(({ write }) => keyed(write).key)).toEqual(["a"]);
    expect(queue.keysToLoad()).toEqual(["unknown"]);
  });
});

describe("giving up", () => {
  it("rejects every write of a batch with one error", () => {
    const queue = new WriteQueue();
    const outcomes = [set(queue, "a", 1), update(queue, "a", increment), set(queue, "b", 1)];
    const error = new Error("closed");
    queue.reject(
      queue.take(() => absent)!,
      error,
    );
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ settled: "rejected", with: error })));
  });

  it("rejects all that wait", () => {
    const queue = new WriteQueue();
    const outcomes = [set(queue, "a", 1), set(queue, "b", 1)];
    queue.rejectUntil(Number.POSITIVE_INFINITY, "closed");
    expect(outcomes.map((outcome) => outcome.with)).toEqual(["closed", "closed"]);
    expect(queue.isEmpty).toBe(true);
  });

  it("rejects what is overdue and keeps the rest in order", () => {
    const queue = new WriteQueue();
    const early = add(queue, { key: "a", text: "[1]" }, 100);
    const late = add(queue, { key: "b", text: "[2]" }, 200);
    const third = add(queue, { key: "c", text: "[3]" }, 250);
    expect(queue.firstDeadline).toBe(100);
    queue.rejectUntil(99, "too early");
    expect(early).toEqual({});
    queue.rejectUntil(100, "too late");
    expect(early).toEqual({ settled: "rejected", with: "too late" });
    expect([late, third]).toEqual([{}, {}]);
    expect(queue.firstDeadline).toBe(200);
    expect(queue.take(() => absent)!.folded.map(({ write }) => keyed(write).key)).toEqual(["b", "c"]);
    expect(queue.firstDeadline).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("deletes", () => {
  it("fold like sets: the last write of a key wins", () => {
    const queue = new WriteQueue();
    set(queue, "a", 1);
    const removed = add(queue, { key: "a", text: null });
    add(queue, { key: "b", text: null });
    set(queue, "b", 2);
    const batch = queue.take(() => absent)!;
    expect(batch.folded.map(({ write }) => write)).toEqual([
      { key: "a", text: null },
      { key: "b", text: "[2]" },
    ]);
    queue.settle(batch, reply(), 0);
    expect(removed).toEqual({ settled: "resolved", with: undefined });
  });

  it("show the update behind them a key without a value", () => {
    const queue = new WriteQueue();
    add(queue, { key: "a", text: null });
    const updated = update(queue, "a", increment);
    const batch = queue.take(() => present(41, 7))!;
    expect(batch.folded[0]!.write).toEqual({ key: "a", text: "[1]" });
    queue.settle(batch, reply(), 0);
    expect(updated.with).toBe(1);
  });

  it("are what an update of a deleted key expects: no value, whoever deleted it", () => {
    const queue = new WriteQueue();
    update(queue, "a", increment);
    expect(queue.take(() => ({ state: "absent", seq: 17 }))!.folded[0]!.write).toEqual({
      key: "a",
      text: "[1]",
      expect: 0,
    });
  });
});

describe("a clear", () => {
  it("travels alone, after everything before it and before everything after it", () => {
    const queue = new WriteQueue();
    set(queue, "a", 1);
    set(queue, "b", 1);
    const cleared = add(queue, { clear: "a" });
    set(queue, "a", 2);
    const batches = [queue.take(() => absent)!, queue.take(() => absent)!, queue.take(() => absent)!];
    expect(batches.map(({ folded }) => folded.map(({ write }) => write))).toEqual([
      [
        { key: "a", text: "[1]" },
        { key: "b", text: "[1]" },
      ],
      [{ clear: "a" }],
      [{ key: "a", text: "[2]" }],
    ]);
    queue.settle(batches[1]!, reply(), 0);
    expect(cleared).toEqual({ settled: "resolved", with: undefined });
  });

  it("waits while an update before it loads its key", () => {
    const queue = new WriteQueue();
    update(queue, "a", increment);
    add(queue, { clear: "" });
    expect(queue.take(() => ({ state: "unknown", seq: 0 }))).toBeUndefined();
    expect(queue.take(() => present(1, 3))!.folded[0]!.write).toEqual({ key: "a", text: "[2]", expect: 3 });
    expect(queue.take(() => absent)!.folded[0]!.write).toEqual({ clear: "" });
  });
});
