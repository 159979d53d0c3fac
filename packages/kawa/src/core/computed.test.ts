import { describe, expect, it, onTestFinished, vi } from "vitest";
import { computed } from "./computed.ts";
import { effect } from "./effect.ts";
import { signal } from "./namespace.ts";
import { batch, untracked } from "./process/reactive.ts";
import { collectReads } from "./backend/reads.ts";

describe("computed", () => {
  it("is computed when it is read, and not before", async () => {
    const fn = vi.fn<() => number>(() => 1);
    const one = computed(fn);
    expect(fn).not.toHaveBeenCalled();
    expect(one.value).toBe(1);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it("keeps its value until something that it read has changed", async () => {
    const a = signal(1);
    const other = signal(1);
    const fn = vi.fn<() => number>(() => a.value * 2);
    const doubled = computed(fn);
    expect([doubled.value, doubled.value, doubled.peek()]).toEqual([2, 2, 2]);
    await other.set(2);
    expect(doubled.value).toBe(2);
    expect(fn).toHaveBeenCalledTimes(1);
    await a.set(2);
    expect(doubled.value).toBe(4);
    expect(fn).toHaveBeenCalledTimes(2);
  });

  it("follows only the branch that it took", async () => {
    const useA = signal(true);
    const a = signal("a1");
    const b = signal("b1");
    const fn = vi.fn<() => string>(() => (useA.value ? a.value : b.value));
    const chosen = computed(fn);
    const seen: string[] = [];
    onTestFinished(chosen.subscribe((value) => seen.push(value)));
    await b.set("b2");
    await useA.set(false);
    await a.set("a2");
    expect(seen).toEqual(["a1", "b2"]);
    expect(fn).toHaveBeenCalledTimes(2);
  });

  it("shows a diamond once and never half changed", async () => {
    const source = signal(1);
    const left = computed(() => source.value + 1);
    const right = computed(() => source.value * 10);
    const joined = vi.fn<() => string>(() => `${left.value}/${right.value}`);
    const both = computed(joined);
    const seen: string[] = [];
    onTestFinished(effect(() => void seen.push(both.value)));
    await source.set(2);
    expect(seen).toEqual(["2/10", "3/20"]);
    expect(joined).toHaveBeenCalledTimes(2);
  });

  it("stops a change that gives the same value", async () => {
    const n = signal(1);
    const parity = computed(() => n.value % 2);
    let runs = 0;
    onTestFinished(
      effect(() => {
        void parity.value;
        runs += 1;
      }),
    );
    await n.set(3);
    await n.set(5);
    expect(runs).toBe(1);
  });

  it("throws what its function throws, and recovers with the next change", async () => {
    const n = signal(0);
    const inverse = computed(() => {
      if (n.value === 0) throw new Error("no inverse");
      return 1 / n.value;
    });
    expect(() => inverse.value).toThrow("no inverse");
    await n.set(2);
    expect(inverse.value).toBe(0.5);
  });

  it("tells a subscriber the current value and each new one until it unsubscribes", async () => {
    const n = signal(1);
    const doubled = computed(() => n.value * 2);
    const seen: number[] = [];
    const stop = doubled.subscribe((value) => seen.push(value));
    await n.set(2);
    stop();
    await n.set(3);
    expect(seen).toEqual([2, 4]);
  });

  it("does not track what is peeked", async () => {
    const n = signal(1);
    const doubled = computed(() => n.value * 2);
    const seen: number[] = [];
    onTestFinished(effect(() => void seen.push(doubled.peek())));
    await n.set(2);
    expect(seen).toEqual([2]);
    expect(doubled.peek()).toBe(4);
  });
});

describe("collectReads", () => {
  it("names the signals behind a computed, also when its value was cached", () => {
    const a = signal(1);
    const b = signal(2);
    const sum = computed(() => a.value + b.value);
    const outer = computed(() => sum.value + 1);
    const first = collectReads(() => outer.value);
    const second = collectReads(() => outer.value);
    expect(first.result()).toBe(4);
    expect([...first.reads]).toEqual([a, b]);
    expect([...second.reads]).toEqual([a, b]);
  });

  it("passes the reads of a shared computed to each that uses it", () => {
    const a = signal(1);
    const shared = computed(() => a.value);
    const left = computed(() => shared.value);
    const right = computed(() => shared.value);
    expect([...collectReads(() => left.value).reads]).toEqual([a]);
    expect([...collectReads(() => right.value).reads]).toEqual([a]);
  });

  it("forgets the branch that is no longer taken", async () => {
    const useA = signal(true);
    const a = signal(1);
    const b = signal(2);
    const chosen = computed(() => (useA.value ? a.value : b.value));
    void chosen.value;
    await useA.set(false);
    expect([...collectReads(() => chosen.value).reads]).toEqual([useA, b]);
  });

  it("leaves out what is peeked", () => {
    const a = signal(1);
    const c = computed(() => a.value);
    expect(collectReads(() => a.peek() + c.peek()).reads.size).toBe(0);
  });

  it("keeps nested collections apart and ends with an error", () => {
    const a = signal(1);
    const b = signal(2);
    const outer = collectReads(() => {
      expect([...collectReads(() => a.value).reads]).toEqual([a]);
      const failed = collectReads(() => {
        throw new Error(`stop at ${a.value}`);
      });
      expect([...failed.reads]).toEqual([a]);
      expect(failed.result).toThrow("stop at 1");
      return b.value;
    });
    expect([...outer.reads]).toEqual([b]);
  });
});

describe("effect", () => {
  it("runs now, and once after each change of what it read", async () => {
    const a = signal(1);
    const seen: number[] = [];
    const stop = effect(() => void seen.push(a.value));
    await a.set(2);
    await a.set(3);
    stop();
    stop();
    await a.set(4);
    expect(seen).toEqual([1, 2, 3]);
  });

  it("cleans up before each rerun and at the end", async () => {
    const a = signal(1);
    const events: string[] = [];
    const stop = effect(() => {
      const n = a.value;
      events.push(`run ${n}`);
      return () => void events.push(`clean ${n}`);
    });
    await a.set(2);
    stop();
    expect(events).toEqual(["run 1", "clean 1", "run 2", "clean 2"]);
  });
});

describe("batch", () => {
  it("reruns an effect once when two inputs change in it, and returns what its function returns", async () => {
    const a = signal(1);
    const b = signal(1);
    const seen: string[] = [];
    onTestFinished(effect(() => void seen.push(`${a.value}${b.value}`)));
    const writes = batch(() => [a.set(2), b.set(2)]);
    expect(seen).toEqual(["11", "22"]);
    await Promise.all(writes);
    expect(seen).toEqual(["11", "22"]);
  });

  it("runs effects after the outermost batch only", async () => {
    const a = signal(0);
    const seen: number[] = [];
    onTestFinished(effect(() => void seen.push(a.value)));
    batch(() => {
      batch(() => void a.set(1));
      expect(seen).toEqual([0]);
      void a.set(2);
    });
    expect(seen).toEqual([0, 2]);
  });
});

describe("untracked", () => {
  it("reads without subscribing, and returns what was read", async () => {
    const a = signal(1);
    const b = signal(1);
    const seen: number[] = [];
    onTestFinished(effect(() => void seen.push(a.value + untracked(() => b.value))));
    await b.set(10);
    await a.set(2);
    expect(seen).toEqual([2, 12]);
  });
});
