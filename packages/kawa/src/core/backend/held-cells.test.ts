import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { computed } from "../computed.ts";
import { createEntry } from "./entry.ts";
import { type HeldBounds, HeldCells } from "./held-cells.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import { namespace } from "../namespace.ts";
import { derive, react } from "../process/reactive.ts";

const bounds: HeldBounds = { valueCount: 20, valueSize: 1_000, emptyCount: 10, minAgeMs: 1_000 };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function fill(
  cells: HeldCells,
  { count, text = null, name = "k" }: { count: number; text?: string | null; name?: string },
): void {
  for (let n = 0; n < count; n += 1) cells.set(`${name}${n}`, createEntry(n + 1, text));
}

describe("cells that are held", () => {
  it("are as many as there were, where they are no more than the bounds", () => {
    const cells = new HeldCells({ bounds });
    fill(cells, { count: 10 });
    fill(cells, { count: 20, text: "[1]", name: "v" });
    vi.advanceTimersByTime(100_000);
    expect(cells.size).toBe(30);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("without a value are forgotten beyond their bound, the oldest first, and those with one stay", () => {
    const cells = new HeldCells({ bounds });
    fill(cells, { count: 20, text: "[1]", name: "v" });
    fill(cells, { count: 500 });
    expect(cells.size).toBe(520);
    vi.advanceTimersByTime(2_100);
    expect(cells.size).toBe(30);
    expect([...cells.keys()].filter((key) => key.startsWith("k"))).toEqual(
      Array.from({ length: 10 }, (_, n) => `k${490 + n}`),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it("with a value are forgotten beyond their number or their size", () => {
    const many = new HeldCells({ bounds });
    fill(many, { count: 500, text: "[1]" });
    const large = new HeldCells({ bounds });
    fill(large, { count: 15, text: "x".repeat(97) });
    vi.advanceTimersByTime(2_100);
    expect([many.size, large.size]).toEqual([20, 10]);
  });

  it("are not forgotten before they are a while old, nor while they are used again and again", () => {
    const cells = new HeldCells({ bounds });
    fill(cells, { count: 500 });
    vi.advanceTimersByTime(1_900);
    expect(cells.size).toBe(500);
    cells.get("k3");
    vi.advanceTimersByTime(200);
    expect(cells.size).toBe(10);
    for (let n = 0; n < 10; n += 1) {
      fill(cells, { count: 100, name: `later${n}:` });
      cells.find("k3");
      vi.advanceTimersByTime(900);
    }
    expect(cells.peek("k3")).toEqual({ state: "absent", seq: 4 });
  });

  it("are not forgotten while an effect reads them, also through a computed value", () => {
    const cells = new HeldCells({ bounds });
    fill(cells, { count: 2 });
    const last = derive(() => cells.get("k1").value.seq);
    const stop = react(() => void (cells.get("k0").value.seq + last.value));
    fill(cells, { count: 500, name: "other" });
    vi.advanceTimersByTime(10_000);
    expect([cells.peek("k0")?.seq, cells.peek("k1")?.seq]).toEqual([1, 2]);
    stop();
    fill(cells, { count: 500, name: "again" });
    vi.advanceTimersByTime(10_000);
    expect([cells.peek("k0"), cells.peek("k1"), cells.size]).toEqual([undefined, undefined, 10]);
  });

  it("that nobody reads become unknown when they are forgotten: what was computed from them is computed anew", () => {
    const cells = new HeldCells({ bounds });
    cells.set("k", createEntry(1, "[1]"));
    const seq = derive(() => cells.get("k").value.seq);
    expect(seq.value).toBe(1);
    fill(cells, { count: 500, text: "[1]", name: "other" });
    vi.advanceTimersByTime(5_000);
    cells.set("k", createEntry(7, "[7]"));
    expect(seq.value).toBe(7);
  });

  it("are forgotten in parts, so that nobody waits for it", () => {
    const cells = new HeldCells({ bounds });
    fill(cells, { count: 5_000 });
    vi.advanceTimersByTime(2_000);
    expect(cells.size).toBe(3_000);
    vi.advanceTimersByTime(10);
    expect(cells.size).toBe(10);
  });

  it("are no longer forgotten after the end", () => {
    const cells = new HeldCells({ bounds });
    fill(cells, { count: 500 });
    cells.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a backend in memory", () => {
  const room = (id: string): { key: string; default: number } => ({ key: id, default: 0 });

  it("forgets keys without a value that nobody follows, and no value", async () => {
    const backend = createMemoryBackend("forgetful");
    const rooms = namespace("rooms", { backend }).family(room);
    await rooms("kept").set(1);
    const sum = computed(() => rooms("kept").value + rooms("gone").value);
    await rooms("gone").set(5);
    expect(sum.value).toBe(6);
    await rooms("gone").delete();
    for (let n = 0; n < 80_000; n += 1) backend.entry(`rooms:random${n}`);
    vi.advanceTimersByTime(180_000);
    expect(rooms("kept").peek()).toBe(1);
    expect(sum.value).toBe(1);
    await rooms("gone").set(7);
    expect(sum.value).toBe(8);
    await backend.close();
  });

  it("shows a deletion that it has forgotten as newer than what was seen before, also to a snapshot", async () => {
    const backend = createMemoryBackend("deletions");
    await backend.set("a", 1);
    const { seq } = backend.version;
    await backend.delete("a");
    for (let n = 0; n < 20_000; n += 1) backend.entry(`random${n}`);
    const snapshot = backend.openSnapshot()!;
    vi.advanceTimersByTime(130_000);
    expect(backend.entry("a").peek()).toEqual({ state: "absent", seq: seq + 1 });
    await snapshot.load(["a"]);
    expect(snapshot.entry("a").peek()).toMatchObject({ state: "absent" });
    snapshot.release();
    await backend.close();
  });
});
