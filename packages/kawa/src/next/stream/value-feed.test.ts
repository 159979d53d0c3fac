import { afterEach, describe, expect, it, vi } from "vitest";
import { applyTo } from "../../browser/list-changes.ts";
import { Slot } from "../../browser/slot.ts";
import type { Members } from "../../core/backend/members.ts";
import { membersSignal } from "../../core/ephemeral-family.ts";
import { collection } from "../../core/collection.ts";
import { namespace } from "../../core/namespace.ts";
import type { BackedSignal } from "../../core/signal.ts";
import type { KnownValue, ListChangeRow } from "../../browser/value-protocol.ts";
import { ExposedSignals } from "../values/exposed-signals.ts";
import { ValueFeed } from "./value-feed.ts";

const room = namespace("feed-test").family(
  ({ room: name, id }: { room: string; id: string }) => ({ key: `${name}:${id}`, default: "" }),
  {
    expose: "write",
    ttlMs: 600_000,
  },
);

afterEach(() => {
  vi.useRealTimers();
});

type Sent = NonNullable<ReturnType<ValueFeed["take"]>>;

/** What a stream of the list of a group is sent, and what a browser shows then that knew `known` of it. */
function watch(group: string, [seq, epoch]: readonly [number, string] = [-1, ""]) {
  const list = membersSignal(`feed-test:${group}`, {
    backend: undefined,
    options: { expose: "read" },
  }) as BackedSignal<unknown>;
  const signals = new Map<BackedSignal<unknown>, KnownValue>([[list, [list.key, seq, epoch]]]);
  const sent: Sent[] = [];
  const slot = new Slot(list.key, { watched() {}, unwatched() {} });
  const missed: string[] = [];
  const take = (): void => {
    for (let values = feed.take(); values; values = feed.take()) {
      sent.push(values);
      for (const row of values.rows) slot.confirm(row);
      for (const row of values.lists ?? []) if (!applyTo(slot, row)) missed.push(row[0]);
    }
  };
  const feed: ValueFeed = new ValueFeed({
    signals,
    asOpener: (fn) => fn(),
    address: "",
    needsDrain: () => false,
    onRows: take,
  });
  feed.start();
  const shown = (): readonly string[] => (slot.confirmed?.value as Members | undefined)?.ids ?? [];
  const size = (from = 0): number => sent.slice(from).reduce((sum, values) => sum + JSON.stringify(values).length, 0);
  return { sent, slot, missed, shown, size, stop: () => feed.stop() };
}

async function join(group: string, { count, idLength }: { count: number; idLength: number }): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await room({ room: group, id: String(n).padStart(idLength, "x") }).set("here");
    await vi.advanceTimersByTimeAsync(10);
  }
}

describe("whoever watches the members of a group", () => {
  it("is told several changes at once where 600 with long ids come within seconds, of each no more than who it was", async () => {
    vi.useFakeTimers();
    const { sent, missed, shown, size, stop } = watch("large");
    await join("large", { count: 600, idLength: 400 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(size()).toBeLessThan(600 * 400 * 1.2);
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.length).toBeLessThan(300);
    expect(shown()).toHaveLength(600);
    expect(missed).toEqual([]);
    stop();
  });

  it("is sent as much for one who comes to thousands as for one who comes to ten", async () => {
    vi.useFakeTimers();
    const sizes: number[] = [];
    for (const count of [10, 5_000]) {
      await Promise.all(
        Array.from({ length: count }, (_, n) => room({ room: `of-${count}`, id: `m${n}` }).set("here")),
      );
      const { sent, shown, size, stop } = watch(`of-${count}`);
      await vi.advanceTimersByTimeAsync(2_000);
      const before = sent.length;
      await room({ room: `of-${count}`, id: "new" }).set("here");
      await vi.advanceTimersByTimeAsync(2_000);
      sizes.push(size(before));
      expect(shown()).toHaveLength(count + 1);
      stop();
    }
    expect(sizes[1]! - sizes[0]!).toBeLessThan(20);
  });

  it("is sent no list that it knows from the page, and what changes later", async () => {
    vi.useFakeTimers();
    await join("known", { count: 500, idLength: 36 });
    const first = watch("known");
    await vi.advanceTimersByTimeAsync(2_000);
    const { seq, epoch } = first.slot.confirmed!;
    const second = watch("known", [seq, epoch]);
    second.slot.confirm(first.sent[0]!.rows[0]!);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(second.sent).toEqual([]);
    await room({ room: "known", id: "late" }).set("here");
    await room({ room: "known", id: "0".padStart(36, "x") }).delete();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(second.size()).toBeLessThan(1_000);
    expect(second.shown()).toEqual(first.shown());
    expect(second.shown().at(-1)).toBe("late");
    expect(second.shown()).toHaveLength(500);
    first.stop();
    second.stop();
  });

  it("hears when the last one goes, and when the next one comes", async () => {
    vi.useFakeTimers();
    const { slot, shown, stop } = watch("empty");
    await room({ room: "empty", id: "a" }).set("here");
    await vi.advanceTimersByTimeAsync(10);
    expect(shown()).toEqual(["a"]);
    await room({ room: "empty", id: "a" }).delete();
    await vi.advanceTimersByTimeAsync(10);
    expect(slot.entry.state).toBe("absent");
    await room({ room: "empty", id: "b" }).set("here");
    await vi.advanceTimersByTimeAsync(10);
    expect(shown()).toEqual(["b"]);
    stop();
  });

  it("is sent each change of a small group at once", async () => {
    vi.useFakeTimers();
    const { sent, stop } = watch("small");
    await vi.advanceTimersByTimeAsync(0);
    const before = sent.length;
    await join("small", { count: 50, idLength: 36 });
    expect(sent.length - before).toBe(50);
    stop();
  });

  it("is sent nothing after the end", async () => {
    vi.useFakeTimers();
    const { sent, shown, stop } = watch("ended");
    await join("ended", { count: 30, idLength: 400 });
    const { length } = sent;
    expect(shown().length).toBeLessThan(30);
    stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(length);
  });
});

describe("a browser that is told how a list has changed", () => {
  const change = (from: number, seq: number, epoch = "e"): ListChangeRow => ["list", from, seq, epoch, ["a"], ["b"]];
  const slotWith = (seq: number): Slot => {
    const slot = new Slot("list", { watched() {}, unwatched() {} });
    slot.confirm(["list", '[{"ids":1},[2],"a"]', seq, "e"]);
    return slot;
  };

  it("does not take what begins after what it has, or is of another history", () => {
    expect([applyTo(slotWith(4), change(5, 6)), applyTo(slotWith(4), change(1, 6, "other"))]).toEqual([false, false]);
  });

  it("leaves what it has seen already", () => {
    const slot = slotWith(6);
    expect(applyTo(slot, change(5, 6))).toBe(true);
    expect(slot.confirmed?.value).toEqual({ ids: ["a"] });
  });

  it("does not take what it does not know the whole of", () => {
    const slot = new Slot("list", { watched() {}, unwatched() {} });
    expect(applyTo(slot, change(5, 6))).toBe(false);
    expect(slot.entry.state).toBe("unknown");
  });
});

describe("whoever watches a query of a collection", () => {
  it("is sent a row that enters it together with the list, and no row twice", async () => {
    const rows = collection<{ rank: number }>(namespace("feed-test"), "rows", {
      indexes: { byRank: ["rank"] },
      expose: "read",
    });
    await rows.insert({ rank: 1 }, { id: "a" });
    const key = rows.query({ index: "byRank", limit: 2 }).key;
    const query = new ExposedSignals({ rows }).find(key, "read")!;
    const sent: Sent[] = [];
    const take = (): void => {
      for (let values = feed.take(); values; values = feed.take()) sent.push(values);
    };
    const feed: ValueFeed = new ValueFeed({
      signals: new Map([[query, [key, -1, ""]]]),
      asOpener: (fn) => fn(),
      address: "",
      needsDrain: () => false,
      onRows: take,
    });
    feed.start();
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    const keysOf = (at: number): string[] => sent[at]!.rows.map(([name]) => name);
    await rows.insert({ rank: 2 }, { id: "b" });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(keysOf(1)).toEqual([rows("a").key, rows("b").key, key]);
    await rows.insert({ rank: 0 }, { id: "c" });
    await vi.waitFor(() => expect(sent).toHaveLength(3));
    expect(keysOf(2)).toEqual([rows("c").key, key]);
    await rows.insert({ rank: 9 }, { id: "d" });
    expect(sent).toHaveLength(3);
    // The stream does not remember for ever which rows it has sent.
    await rows.delete("c");
    await vi.waitFor(() => expect(sent).toHaveLength(4));
    expect(keysOf(3)).toEqual([rows("b").key, key]);
    feed.stop();
  });
});
