import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { registerBackend, unregisterBackend } from "./backend/backend.ts";
import { effect } from "./effect.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace } from "./namespace.ts";
import type { Signal } from "./signal.ts";
import { createSlowBackend } from "../../test/support/slow-backend.ts";

afterEach(() => vi.restoreAllMocks());

let count = 0;

function fresh<T>(initial: T): Signal<T> {
  count += 1;
  return namespace("signal-test", { backend: createMemoryBackend(`signal-${count}`) }).signal<T>("k", initial);
}

describe("reading a signal", () => {
  it("gives the default until something was written", async () => {
    const theme = fresh("dark");
    expect([theme.value, theme.peek(), await theme.get(), theme.initial]).toEqual(["dark", "dark", "dark", "dark"]);
    await theme.set("light");
    expect([theme.value, theme.peek(), await theme.get(), theme.initial]).toEqual(["light", "light", "light", "dark"]);
  });

  it("gives a stored undefined or null, not the default", async () => {
    const value = fresh<string | null | undefined>("default");
    await value.set(undefined);
    expect(value.value).toBeUndefined();
    await value.set(null);
    expect(value.value).toBeNull();
  });

  it("tracks value and does not track peek", async () => {
    const tracked = fresh(0);
    const peeked = fresh(0);
    const seen: [number, number][] = [];
    onTestFinished(effect(() => void seen.push([tracked.value, peeked.peek()])));
    await peeked.set(1);
    await tracked.set(1);
    expect(seen).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it("asks the backend for an unknown key when value is read, and not when it is peeked", () => {
    const { backend, load } = createSlowBackend();
    const slow = namespace("slow", { backend }).signal("k", 0);
    expect(slow.peek()).toBe(0);
    expect(load).not.toHaveBeenCalled();
    expect(slow.value).toBe(0);
    expect(load.mock.calls).toEqual([[["slow:k"]]]);
  });

  it("waits in get until the key is loaded", async () => {
    const { backend, arrive } = createSlowBackend();
    const slow = namespace("slow", { backend }).signal("k", 0);
    const got = slow.get();
    arrive("slow:k", 7);
    expect(await got).toBe(7);
  });

  it("rejects get with the reason why the key could not be loaded", async () => {
    const { backend, fail } = createSlowBackend();
    const error = new Error("engine gone");
    fail(error);
    expect(await caught(() => namespace("slow", { backend }).signal("k", 0).get())).toBe(error);
  });

  it("reports a load that failed behind a read of value", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const { backend, fail } = createSlowBackend();
    const error = new Error("engine gone");
    fail(error);
    expect(namespace("slow", { backend }).signal("k", 5).value).toBe(5);
    await new Promise(setImmediate);
    expect(report.mock.calls).toEqual([['[kawa] Loading "slow:k" failed:', error]]);
  });
});

describe("values that a signal gives out", () => {
  it("throw when they are changed, and the signal stays as it is", async () => {
    const list = fresh<number[]>([1]);
    for (const value of [list.value, list.peek(), await list.get(), list.initial])
      expect(() => value.push(2)).toThrow(TypeError);
    await list.set([1, 2]);
    for (const value of [list.value, list.peek(), await list.get()]) expect(() => value.push(3)).toThrow(TypeError);
    await expect(list.update((value) => (value.push(3), value))).rejects.toThrow(TypeError);
    expect(list.value).toEqual([1, 2]);
  });

  it("are copies when they cannot be frozen", async () => {
    const map = fresh(new Map([["a", 1]]));
    for (const value of [map.value, map.peek(), await map.get(), map.initial]) value.set("b", 2);
    expect([map.value, map.initial]).toEqual([new Map([["a", 1]]), new Map([["a", 1]])]);
    await map.set(new Map([["c", 3]]));
    for (const value of [map.value, map.peek(), await map.get()]) value.clear();
    expect(map.value).toEqual(new Map([["c", 3]]));
    expect(await map.update((value) => value.set("d", 4))).toEqual(
      new Map([
        ["c", 3],
        ["d", 4],
      ]),
    );
    expect(map.value.size).toBe(2);
  });

  it("are not the objects that were given", async () => {
    const initial = { list: [1] };
    const value = fresh(initial);
    initial.list.push(2);
    expect(value.initial).toEqual({ list: [1] });
    expect(value.value).toBe(value.initial);
    const written = { list: [5] };
    await value.set(written);
    written.list.push(6);
    expect(value.value).toEqual({ list: [5] });
  });

  it("are the same object for each read", async () => {
    const value = fresh({ n: 0 });
    await value.set({ n: 1 });
    expect(value.value).toBe(value.peek());
    expect(await value.get()).toBe(value.value);
  });
});

describe("subscribe", () => {
  it("calls the listener with the current value and each later one", async () => {
    const counter = fresh(0);
    const seen: number[] = [];
    const stop = counter.subscribe((n) => seen.push(n));
    await counter.set(1);
    await counter.set(2);
    stop();
    stop();
    await counter.set(3);
    expect(seen).toEqual([0, 1, 2]);
  });

  it("says nothing before the value is known", () => {
    const { backend, arrive } = createSlowBackend();
    const seen: number[] = [];
    onTestFinished(
      namespace("slow", { backend })
        .signal("k", 0)
        .subscribe((n) => seen.push(n)),
    );
    expect(seen).toEqual([]);
    arrive("slow:k", 4);
    expect(seen).toEqual([4]);
  });

  it("does not track what the listener reads", async () => {
    const a = fresh(0);
    const b = fresh(0);
    let calls = 0;
    onTestFinished(
      a.subscribe(() => {
        calls += 1;
        void b.value;
      }),
    );
    await b.set(1);
    expect(calls).toBe(1);
  });
});

describe("a global backend that appears after the signals", () => {
  it("takes over their reads, writes, effects and subscribers", async () => {
    const counter = namespace("moves").signal("counter", 0);
    await counter.set(1);
    const seen: number[] = [];
    const effects: number[] = [];
    onTestFinished(counter.subscribe((n) => seen.push(n)));
    onTestFinished(effect(() => void effects.push(counter.value)));

    const global = createMemoryBackend("global-1");
    await global.set("moves:counter", 10);
    registerBackend(global, { global: true });
    onTestFinished(() => unregisterBackend(global));

    expect(counter.value).toBe(10);
    await counter.update((n) => n + 1);
    expect(global.entry("moves:counter").peek()).toMatchObject({ value: 11 });
    expect(seen).toEqual([1, 10, 11]);
    expect(effects).toEqual([1, 10, 11]);
  });

  it("is left for memory again when it is unregistered", async () => {
    const counter = namespace("returns").signal("counter", 0);
    const global = createMemoryBackend("global-2");
    registerBackend(global, { global: true });
    await counter.set(5);
    unregisterBackend(global);
    expect(counter.value).toBe(0);
  });
});
