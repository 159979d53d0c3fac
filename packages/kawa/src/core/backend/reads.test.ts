import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, type Entry, type Reader, unknownEntry } from "./backend.ts";
import { computed } from "../computed.ts";
import { effect } from "../effect.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import { namespace, signal } from "../namespace.ts";
import { cell, type Cell } from "../process/reactive.ts";
import { collectReads, isReadingAs, readAs } from "./reads.ts";

/** A reader who sees these values, and does not know what else there is. */
function createReader(values: Record<string, unknown>) {
  const cells = new Map<string, Cell<Entry>>(
    Object.entries(values).map(([key, value]) => [key, cell<Entry>({ state: "present", seq: 1, value })]),
  );
  const load = vi.fn<Reader["load"]>(async () => {});
  const reader: Reader = { entry: (key) => cells.get(key) ?? cell<Entry>(unknownEntry), load };
  return { load, reader, readerOf: vi.fn<(backend: Backend) => Reader>(() => reader) };
}

describe("readAs", () => {
  it("gives signals the values of its reader while the function runs, and no longer", async () => {
    const secret = signal("who", "nobody");
    await secret.set("shared");
    const { readerOf } = createReader({ who: "ada's" });
    expect(readAs(readerOf, () => [secret.value, secret.peek(), isReadingAs()])).toEqual(["ada's", "ada's", true]);
    expect([secret.value, secret.peek(), isReadingAs()]).toEqual(["shared", "shared", false]);
  });

  it("asks for the reader of the signal's own backend", () => {
    const backend = createMemoryBackend("own");
    const { readerOf } = createReader({ "own:k": 7 });
    expect(readAs(readerOf, () => namespace("own", { backend }).signal("k", 0).value)).toBe(7);
    expect(readerOf.mock.calls).toEqual([[backend]]);
  });

  it("loads an unknown key from the reader, and not from the backend", () => {
    const backend = createMemoryBackend("not-asked");
    const load = vi.spyOn(backend, "load");
    const unknown = namespace("not", { backend }).signal("k", 5);
    const asked = createReader({});
    expect(readAs(asked.readerOf, () => [unknown.value, unknown.peek()])).toEqual([5, 5]);
    expect(asked.load.mock.calls).toEqual([[["not:k"]]]);
    expect(load).not.toHaveBeenCalled();
  });

  it("restores the outer reader, also after a throw", () => {
    const who = signal("nested-who", "nobody");
    const outer = createReader({ "nested-who": "outer" }).readerOf;
    const inner = createReader({ "nested-who": "inner" }).readerOf;
    readAs(outer, () => {
      expect(readAs(inner, () => who.value)).toBe("inner");
      expect(who.value).toBe("outer");
      expect(() =>
        readAs(inner, () => {
          throw new Error("stop");
        }),
      ).toThrow("stop");
      expect(who.value).toBe("outer");
    });
    expect(who.value).toBe("nobody");
  });

  it("neither uses nor fills the cache of computed values, however they are nested", async () => {
    const score = signal("cached-score", 1);
    const doubled = computed(() => score.value * 2);
    const text = computed(() => `${doubled.value}/${doubled.peek()}`);
    const seen: string[] = [];
    onTestFinished(text.subscribe((value) => seen.push(value)));
    const ada = createReader({ "cached-score": 10 }).readerOf;
    const bob = createReader({ "cached-score": 20 }).readerOf;
    expect(text.value).toBe("2/2");
    expect(readAs(ada, () => [text.value, text.peek()])).toEqual(["20/20", "20/20"]);
    expect(readAs(bob, () => text.value)).toBe("40/40");
    expect(text.value).toBe("2/2");
    await score.set(2);
    expect(readAs(ada, () => text.value)).toBe("20/20");
    expect(text.value).toBe("4/4");
    expect(seen).toEqual(["2/2", "4/4"]);
  });

  it("does not fill the cache of a computed that was never read before", () => {
    const score = signal("fresh-score", 1);
    const doubled = computed(() => score.value * 2);
    expect(readAs(createReader({ "fresh-score": 10 }).readerOf, () => doubled.value)).toBe(20);
    expect(doubled.value).toBe(2);
  });

  it("lets nothing of one reader into what a write inside of it sets off", async () => {
    const score = signal("effect-score", 1);
    const trigger = signal(0);
    const sum = computed(() => score.value + trigger.value);
    const seen: string[] = [];
    const subscribed: number[] = [];
    onTestFinished(effect(() => void seen.push(`${score.value} ${sum.value}`)));
    onTestFinished(sum.subscribe((value) => subscribed.push(value)));
    const { readerOf } = createReader({ "effect-score": 100 });
    const { reads } = collectReads(() => readAs(readerOf, () => void trigger.set(5)));
    expect(seen).toEqual(["1 1", "1 6"]);
    expect(subscribed).toEqual([1, 6]);
    expect(reads.size).toBe(0);
  });

  it("collects the signals that were read, directly and behind computed values, and none that were peeked", () => {
    const a = signal("collect-a", 1);
    const b = signal("collect-b", 1);
    const c = signal("collect-c", 1);
    const sum = computed(() => a.value + b.value);
    const peeked = computed(() => c.value);
    const { readerOf } = createReader({ "collect-a": 1, "collect-b": 2, "collect-c": 3 });
    const { reads, result } = readAs(readerOf, () => collectReads(() => sum.value + peeked.peek()));
    expect(result()).toBe(6);
    expect([...reads]).toEqual([a, b]);
  });

  it("gives a computed's error to its reader alone", () => {
    const n = signal("failing", 1);
    const inverse = computed(() => {
      if (n.value === 0) throw new Error("no inverse");
      return 1 / n.value;
    });
    const { readerOf } = createReader({ failing: 0 });
    expect(() => readAs(readerOf, () => inverse.value)).toThrow("no inverse");
    expect(() => readAs(readerOf, () => inverse.peek())).toThrow("no inverse");
    expect(inverse.value).toBe(1);
  });
});
