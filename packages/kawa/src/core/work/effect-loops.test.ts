import { afterEach, beforeEach, describe, expect, it, type MockInstance, onTestFinished, vi } from "vitest";
import { computed } from "../computed.ts";
import { effect } from "../effect.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import { namespace } from "../namespace.ts";
import { transaction } from "../transaction.ts";
import type { Backend } from "../backend/backend.ts";
import { batch } from "../process/reactive.ts";
import { untracked } from "#platform";

let logged: MockInstance<typeof console.error>;
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => logged.mockRestore());

const loops = (): string[] =>
  logged.mock.calls.map((call) => String(call.at(-1))).filter((text) => text.includes("EFFECT_LOOP"));
const ended = (): Promise<void> => vi.waitFor(() => expect(loops()).toHaveLength(1), { timeout: 20_000 });

/** As a durable one: what is written is seen later. */
function late(backend: Backend): Backend {
  return {
    ...backend,
    get version() {
      return backend.version;
    },
    set: async (...args) => {
      await undefined;
      await backend.set(...args);
    },
    update: async (...args) => {
      await undefined;
      return backend.update(...args);
    },
  };
}

/** As one over a connection: what is written meanwhile is committed together. */
function inRounds(backend: Backend): { readonly backend: Backend; readonly commit: () => Promise<void> } {
  let waiting: (() => void)[] = [];
  const set: Backend["set"] = (...args) =>
    new Promise((resolve, reject) => void waiting.push(() => void backend.set(...args).then(resolve, reject)));
  const commit = async (): Promise<void> => {
    const due = waiting;
    waiting = [];
    batch(() => due.forEach((write) => write()));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { backend: { ...backend, version: { epoch: "rounds", seq: 0 }, set }, commit };
}

let count = 0;
const kinds: [string, () => Backend][] = [
  ["that writes at once", () => createMemoryBackend(`loop-${count++}`)],
  ["that writes later", () => late(createMemoryBackend(`loop-${count++}`))],
];

describe.each(kinds)("over a backend %s,", (_, create) => {
  const start = () => {
    const app = namespace("app", { backend: create() });
    return { a: app.signal("a", 0), b: app.signal("b", 0), app };
  };
  const run = (fn: () => void): void => onTestFinished(effect(fn));

  it("an effect that changes what it reads by a transaction or an increment is stopped", async () => {
    const { a, b } = start();
    run(function payOut() {
      const { value } = a;
      void transaction((tx) => tx.set(a, value + 1));
    });
    await ended();
    expect(loops()[0]).toContain('"app:a", which it writes itself');
    logged.mockClear();
    run(function countOn() {
      if (b.value >= 0) void b.increment();
    });
    await ended();
    expect(loops()[0]).toContain('"app:b", which it writes itself');
  });

  it("an effect that writes what it reads is stopped, named, and the process goes on", async () => {
    const { a, b } = start();
    run(function countUp() {
      void a.set(a.value + 1);
    });
    await ended();
    expect(loops()[0]).toMatch(/The effect countUp \(.*effect-loops\.test\.ts:\d+:\d+\) was stopped/);
    expect(loops()[0]).toContain('"app:a", which it writes itself');
    const last = a.value;
    await a.set(0);
    await b.set(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(last).toBeGreaterThan(50);
    expect([a.value, b.value]).toEqual([0, 1]);
  });

  it("two that write what the other reads are stopped, and both named", async () => {
    const { a, b } = start();
    run(function ping() {
      void b.set(a.value + 1);
    });
    run(function pong() {
      void a.set(b.value + 1);
    });
    await ended();
    expect(loops()[0]).toMatch(/ping.*pong|pong.*ping/);
  });

  it.each([
    ["update", (a: ReturnType<typeof start>["a"]) => a.update((n) => n + 1)],
    ["set and delete in turns", (a: ReturnType<typeof start>["a"]) => (a.value === 0 ? a.set(1) : a.delete())],
    [
      "write after they have waited",
      async (a: ReturnType<typeof start>["a"]) => {
        const { value } = a;
        await undefined;
        await new Promise((resolve) => setImmediate(resolve));
        await a.set(value + 1);
      },
    ],
  ])("those that %s are stopped", async (__, write) => {
    const { a } = start();
    run(() => {
      void a.value;
      void write(a);
    });
    await ended();
    expect(loops()[0]).toContain("The effect");
  });

  it("subscriptions that write are stopped", async () => {
    const { a } = start();
    onTestFinished(a.subscribe((value) => void a.set(value + 1)));
    await ended();
    expect(loops()[0]).toContain('A subscription of "app:a"');
  });

  it("a computed value that writes what it reads ends", async () => {
    const { a } = start();
    const sum = computed(function summed() {
      void a.set(a.value + 1);
      return a.value;
    });
    try {
      run(() => void sum.value);
    } catch (error) {
      // In memory it has run without end before the effect was made.
      console.error(error);
    }
    await vi.waitFor(() => expect(logged.mock.calls.flat().map(String).join()).toMatch(/EFFECT_LOOP|Cycle detected/), {
      timeout: 20_000,
    });
    const { value } = a;
    for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(a.value).toBe(value);
  });

  it("an effect that mirrors runs as often as there is something new", async () => {
    const { a, b } = start();
    let runs = 0;
    run(() => {
      runs += 1;
      void b.set(a.value);
    });
    for (let n = 1; n <= 3_000; n += 1) await a.set(n);
    await vi.waitFor(() => expect(b.value).toBe(3_000));
    expect(runs).toBe(3_001);
    expect(loops()).toEqual([]);
  });

  it("an effect that corrects what it reads goes on for ever", async () => {
    const { a } = start();
    run(() => {
      if (a.value > 10) void a.set(10);
    });
    for (let n = 1; n <= 3_000; n += 1) {
      await a.set(10 + n);
      for (let turn = 0; turn < 20 && a.value !== 10; turn += 1) await undefined;
      expect(a.value).toBe(10);
    }
    expect(loops()).toEqual([]);
  });

  it("an effect that counts in what it does not track goes on for ever", async () => {
    const { a, b } = start();
    run(() => {
      void a.value;
      untracked(() => void b.set(b.value + 1));
      void b.set(b.peek() + 1);
    });
    for (let n = 1; n <= 3_000; n += 1) await a.set(n);
    expect(loops()).toEqual([]);
  });
});

describe("where others write all the time, and their writes are committed with those of effects,", () => {
  const start = () => {
    const { backend, commit } = inRounds(createMemoryBackend(`loop-${count++}`));
    const app = namespace("app", { backend });
    return { score: app.signal("score", 0), best: app.signal("best", 0), commit };
  };

  it("an effect that keeps the highest goes on for ever", async () => {
    const { score, best, commit } = start();
    onTestFinished(
      effect(() => {
        if (score.value > best.value) void best.set(score.value);
      }),
    );
    for (let n = 1; n <= 2_000; n += 1) {
      void score.set(n);
      await commit();
    }
    await commit();
    expect(best.value).toBe(2_000);
    expect(loops()).toEqual([]);
  });

  it("one that runs without end is stopped all the same", async () => {
    const { score, best, commit } = start();
    onTestFinished(
      effect(function climb() {
        void score.value;
        void best.set(best.value + 1);
      }),
    );
    for (let n = 1; n <= 2_000 && loops().length === 0; n += 1) {
      if (n % 3 === 0) void score.set(n);
      await commit();
    }
    expect(loops()[0]).toContain("climb");
  });
});

it("a clock that an effect drives goes on", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const app = namespace("app", { backend: createMemoryBackend("clock") });
  const tick = app.signal("tick", 0);
  const stop = effect(() => {
    const { value } = tick;
    setTimeout(() => void tick.set(value + 1), 50);
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(tick.value).toBe(1_200);
  expect(loops()).toEqual([]);
  stop();
});
