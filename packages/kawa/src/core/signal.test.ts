import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import { type Backend, type Entry, registerBackend, unknownEntry, unregisterBackend } from "./backend/backend.ts";
import { effect } from "./effect.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace } from "./namespace.ts";
import { cell, type Cell } from "./process/reactive.ts";
import { isSignal, type Signal } from "./signal.ts";

afterEach(() => vi.restoreAllMocks());

let count = 0;

function fresh<T>(initial: T): Signal<T> {
  count += 1;
  return namespace("signal-test", { backend: createMemoryBackend(`signal-${count}`) }).signal<T>("k", initial);
}

/** A backend whose keys stay unknown until the test gives them a value. */
function createSlowBackend() {
  const cells = new Map<string, Cell<Entry>>();
  const cellOf = (key: string): Cell<Entry> => {
    if (!cells.has(key)) cells.set(key, cell<Entry>(unknownEntry));
    return cells.get(key)!;
  };
  const loading = Promise.withResolvers<void>();
  const load = vi.fn<(keys: readonly string[]) => Promise<void>>(() => loading.promise);
  count += 1;
  const backend = { ...createMemoryBackend(`slow-${count}`), entry: cellOf, load } as Backend;
  return {
    backend,
    load,
    arrive(key: string, value: unknown) {
      cellOf(key).value = { state: "present", seq: 1, value };
      loading.resolve();
    },
    fail: (error: unknown) => loading.reject(error),
  };
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

describe("set", () => {
  it("resolves with nothing when the value is visible", async () => {
    const theme = fresh("dark");
    expect(await theme.set("light")).toBeUndefined();
    expect(theme.value).toBe("light");
  });

  it("takes a function of the current value", async () => {
    const counter = fresh(1);
    expect(await counter.set((n) => n + 1)).toBeUndefined();
    expect(counter.value).toBe(2);
  });

  it("gives a first function the default", async () => {
    const list = fresh<string[]>([]);
    await list.set((items) => [...items, "a"]);
    expect(list.value).toEqual(["a"]);
    expect(list.initial).toEqual([]);
  });

  it("does not subscribe the effect that calls it", async () => {
    const source = fresh(0);
    const target = fresh(0);
    let runs = 0;
    onTestFinished(
      effect(() => {
        runs += 1;
        void target.set(source.value);
      }),
    );
    await target.set(5);
    expect(runs).toBe(1);
  });

  it("rejects and keeps the old value when the value cannot be stored", async () => {
    const value = fresh<unknown>(1);
    await value.set(2);
    expect(await codeOf(() => value.set({ at: [Symbol("x")] }))).toBe("VALUE_UNSERIALIZABLE");
    expect(value.value).toBe(2);
  });
});

describe("update", () => {
  it("resolves with the new value", async () => {
    const counter = fresh(1);
    expect(await counter.update((n) => n + 1)).toBe(2);
    expect(counter.value).toBe(2);
  });

  it("rejects with the error of its function and changes nothing", async () => {
    const counter = fresh(1);
    const error = new Error("sold out");
    expect(
      await caught(() =>
        counter.update(() => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(counter.value).toBe(1);
  });
});

describe("delete", () => {
  it("resolves with nothing when readers see the default again", async () => {
    const theme = fresh("dark");
    await theme.set("light");
    const seen: string[] = [];
    onTestFinished(theme.subscribe((value) => seen.push(value)));
    expect(await theme.delete()).toBeUndefined();
    expect([theme.value, theme.peek(), await theme.get()]).toEqual(["dark", "dark", "dark"]);
    expect(seen).toEqual(["light", "dark"]);
  });

  it("starts an update after it from the default", async () => {
    const counter = fresh(10);
    await counter.set(1);
    const deleted = counter.delete();
    expect(await counter.update((n) => n + 1)).toBe(11);
    await deleted;
  });
});

describe("who acts", () => {
  it("is passed on by every operation", async () => {
    count += 1;
    const backend = createMemoryBackend(`who-${count}`);
    const spies = (["readerFor", "set", "update", "delete"] as const).map((name) => vi.spyOn(backend, name));
    const theme = namespace("who", { backend }).signal("k", "dark");
    const options = { context: { user: "ada" } };
    await theme.get(options);
    await theme.set("light", options);
    await theme.set((value) => value, options);
    await theme.update((value) => value, options);
    await theme.delete(options);
    const any: unknown = expect.any(Function);
    expect(spies.map(({ mock }) => mock.calls)).toEqual([
      [[options]],
      [["who:k", "light", options]],
      [
        ["who:k", any, options],
        ["who:k", any, options],
      ],
      [["who:k", options]],
    ]);
  });

  it("decides what get shows, and not what others see", async () => {
    count += 1;
    const memory = createMemoryBackend(`guarded-${count}`);
    const forAda = createMemoryBackend("for-ada");
    await forAda.set("who:k", "ada's");
    const backend: Backend = {
      ...memory,
      readerFor: async (options) => (options?.context?.["user"] === "ada" ? forAda : memory),
    };
    const secret = namespace("who", { backend }).signal("k", "nothing");
    expect(await secret.get({ context: { user: "ada" } })).toBe("ada's");
    expect(await secret.get({ context: { user: "bob" } })).toBe("nothing");
    expect(await secret.get()).toBe("nothing");
    expect([secret.value, secret.peek()]).toEqual(["nothing", "nothing"]);
  });

  it("rejects get with what readerFor rejects with", async () => {
    const error = new Error("no cookies here");
    const backend: Backend = { ...createMemoryBackend("no-context"), readerFor: () => Promise.reject(error) };
    expect(await caught(() => namespace("who", { backend }).signal("k", 0).get())).toBe(error);
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

describe("isSignal", () => {
  it("is true for signals, also of another copy of the module", async () => {
    expect(isSignal(fresh(0))).toBe(true);
    vi.resetModules();
    const copy = await import("./namespace.ts");
    expect(isSignal(copy.namespace("copied").signal("k", 0))).toBe(true);
  });

  it.each([undefined, null, 0, "signal", {}, { key: "a", value: 1 }, () => 1])("is false for %s", (value) => {
    expect(isSignal(value)).toBe(false);
  });
});

describe("two copies of the module", () => {
  it("give the same signal for the same key, and see each other's writes", async () => {
    const first = namespace("copies").signal("k", 0);
    vi.resetModules();
    const copy = await import("./namespace.ts");
    const { computed } = await import("./computed.ts");
    const second = copy.namespace("copies").signal("k", 0);
    const doubled = computed(() => second.value * 2);
    const seen: number[] = [];
    onTestFinished(doubled.subscribe((n) => seen.push(n)));
    await first.set(4);
    expect(second).toBe(first);
    expect(seen).toEqual([0, 8]);
  });
});

describe("a failed write", () => {
  const run = (body: string): { output: string; ok: boolean } => {
    const script = `
      import { namespace, createMemoryBackend } from ${JSON.stringify(resolve(import.meta.dirname, "index.ts"))};
      const refuse = async () => { throw new Error("disk full"); };
      const backend = { ...createMemoryBackend("broken"), set: refuse, update: refuse, delete: refuse };
      const theme = namespace("app", { backend }).signal("theme", "dark");
      process.on("exit", (code) => console.log("exit", code));
      ${body}
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log("alive");`;
    try {
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", `${script} /* both streams */`], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NODE_OPTIONS: "" },
      });
      return { output, ok: true };
    } catch (error) {
      return { output: String((error as { stderr?: string }).stderr), ok: false };
    }
  };
  // What is reported goes to stderr; this puts it where execFileSync returns it.
  const reportToOutput = "console.error = (...args) => console.log('REPORT', args[0], args[1]?.message);";

  it("that nobody awaits is reported and does not end the process", () => {
    const { output, ok } = run(
      `${reportToOutput} theme.set("light"); theme.update((t) => t); theme.delete(); theme.set((t) => t);`,
    );
    expect(ok).toBe(true);
    expect(output.trim().split("\n")).toEqual([
      'REPORT [kawa] Writing "app:theme" failed and nobody awaited it: disk full',
      'REPORT [kawa] Updating "app:theme" failed and nobody awaited it: disk full',
      'REPORT [kawa] Deleting "app:theme" failed and nobody awaited it: disk full',
      'REPORT [kawa] Updating "app:theme" failed and nobody awaited it: disk full',
      "alive",
      "exit 0",
    ]);
  });

  it("that is awaited or caught is not reported a second time", () => {
    const { output } = run(`${reportToOutput}
      try { await theme.set("light"); } catch (error) { console.log("caught", error.message); }
      theme.set("light").catch((error) => console.log("caught", error.message));
      await Promise.all([theme.update((t) => t)]).catch((error) => console.log("caught", error.message));`);
    expect(output.trim().split("\n")).toEqual([
      "caught disk full",
      "caught disk full",
      "caught disk full",
      "alive",
      "exit 0",
    ]);
  });

  it("that is passed on without a handler is an ordinary unhandled rejection", () => {
    const { output, ok } = run(`theme.set("light").then(() => {});`);
    expect(ok).toBe(false);
    expect(output).toContain("disk full");
  });
});
