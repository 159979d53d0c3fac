import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, knownBackends, registerBackend, unregisterBackend } from "../backend/backend.ts";
import { detached } from "../process/detached.ts";
import { KawaError } from "../errors/errors.ts";
import { type InlineStreams, inlineStreams, stopInlineStreams } from "./inline-streams.ts";
import { streamKey } from "../backend/key.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import type { ReactiveStream } from "./reactive-stream.ts";
import { BackedSignal } from "../signal.ts";
import { initialOf } from "../platform.ts";
import { installViewers } from "./viewers.ts";

// The first call decides where streams run.
detached(() => {});

/** Streams that open browsers show, by scope. */
const open = new Set<string>();
installViewers({ isWatched: () => true, isShown: (_, key) => [...open].some((scope) => streamKey(scope) === key) });

type Call = { readonly at: number; readonly register?: readonly string[]; readonly unregister?: readonly string[] };

let backend: Backend;
let calls: Call[];
/** Answers of the backend: what this server is to produce. */
let produced: (scopes: readonly string[]) => Promise<readonly string[]>;
let reports: string[];
let startedAt: number;

function createBackend(id = "memory"): Backend {
  const made = createMemoryBackend(id);
  const at = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  const { unregister } = made.streams;
  return Object.assign(made, {
    streams: {
      async register(scopes: readonly string[]) {
        calls.push({ at: at(), register: scopes });
        return new Set(await produced(scopes));
      },
      async unregister(scopes: readonly string[]) {
        calls.push({ at: at(), unregister: scopes });
        await unregister(scopes);
      },
    },
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  startedAt = performance.now();
  calls = [];
  reports = [];
  open.clear();
  produced = async (scopes) => scopes;
  backend = createBackend();
  registerBackend(backend, { global: true });
  vi.spyOn(console, "error").mockImplementation((...said: unknown[]) => void reports.push(said.map(String).join(" ")));
});

afterEach(async () => {
  vi.useRealTimers();
  await stopInlineStreams();
  for (const known of knownBackends().values()) unregisterBackend(known);
  vi.restoreAllMocks();
});

/** What a render does, and a record of the runs of its function. */
function createStream(scope: string) {
  const runs: ReactiveStream<number>[] = [];
  const cleanUps: number[] = [];
  const start = (stream: ReactiveStream<number>) => {
    runs.push(stream);
    return () => void cleanUps.push(runs.length);
  };
  const show = (streams: InlineStreams = inlineStreams()): void => {
    const target = new BackedSignal<number>(streamKey(scope), initialOf(scope, 0), streams.backend);
    streams.show({ name: scope, target, start });
  };
  return { runs, cleanUps, show };
}

/** A stream that a render shows and a browser has open. */
function showOpen(scope: string) {
  const stream = createStream(scope);
  open.add(scope);
  stream.show();
  return stream;
}

function pass(seconds: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(seconds * 1_000);
}

function stored(scope: string): unknown {
  const entry = backend.entry(streamKey(scope)).peek();
  return entry.state === "present" ? entry.value : entry.state;
}

describe("a stream", () => {
  it("is started by its first viewer, and shared by the others", async () => {
    const price = createStream("price");
    price.show();
    expect(price.runs).toHaveLength(0);
    await pass(0);
    expect(price.runs).toHaveLength(1);
    price.show();
    price.show();
    await pass(1);
    expect(price.runs).toHaveLength(1);
    expect(calls[0]).toEqual({ at: 0, register: ["price"] });
  });

  it("runs for each scope of its own", async () => {
    const [one, two] = [createStream("one"), createStream("two")];
    one.show();
    two.show();
    await pass(0);
    await one.runs[0]!.set(1);
    await two.runs[0]!.set(2);
    expect([stored("one"), stored("two")]).toEqual([1, 2]);
  });

  it("that no browser shows stops 13 seconds after its last render, and loses its value", async () => {
    const price = createStream("price");
    price.show();
    await pass(5);
    await price.runs[0]!.set(1);
    price.show();
    await pass(12.5);
    expect(price.cleanUps).toEqual([]);
    expect(stored("price")).toBe(1);
    await pass(1);
    expect(price.cleanUps).toEqual([1]);
    expect(price.runs[0]!.signal.aborted).toBe(true);
    expect(stored("price")).toBe("absent");
    expect(calls.at(-1)).toMatchObject({ unregister: ["price"] });
  });

  it("goes on while a browser shows it, and stops 3 seconds after the last has gone", async () => {
    const price = createStream("price");
    price.show();
    open.add("price");
    await pass(120);
    expect(price.cleanUps).toEqual([]);
    open.clear();
    await pass(2.5);
    expect(price.cleanUps).toEqual([]);
    await pass(1.5);
    expect(price.cleanUps).toEqual([1]);
  });

  it("outlives a reload", async () => {
    const price = createStream("price");
    price.show();
    open.add("price");
    await pass(60);
    open.clear();
    await pass(2);
    price.show();
    await pass(0.5);
    open.add("price");
    await pass(60);
    expect(price.runs).toHaveLength(1);
    expect(price.cleanUps).toEqual([]);
  });

  it("stops when browsers are open that do not render its new values", async () => {
    const [shown, hidden] = [createStream("shown"), createStream("hidden")];
    open.add("shown").add("hidden");
    shown.show();
    hidden.show();
    await pass(0);
    for (let n = 0; n < 45; n += 1) {
      await shown.runs[0]!.set(n);
      await hidden.runs[0]!.set(n);
      shown.show();
      await pass(1);
    }
    expect(shown.cleanUps).toEqual([]);
    expect(hidden.cleanUps).toEqual([1]);
  });

  it("goes on without being rendered while it has no new values", async () => {
    const price = showOpen("price");
    await pass(0);
    await price.runs[0]!.set(1);
    price.show();
    await pass(600);
    expect(price.cleanUps).toEqual([]);
  });

  it("starts again for the next viewer, with no value", async () => {
    const price = createStream("price");
    price.show();
    await pass(0);
    await price.runs[0]!.set(1);
    await pass(20);
    expect(price.cleanUps).toEqual([1]);
    price.show();
    await pass(0);
    expect(price.runs).toHaveLength(2);
    expect(price.runs[1]!.value).toBe(0);
  });

  it("that is shown again while its last value is written is not unregistered", async () => {
    const price = createStream("price");
    price.show();
    await pass(0);
    const gate = Promise.withResolvers<void>();
    const { set } = backend;
    backend.set = (...args) => gate.promise.then(() => set(...args));
    void price.runs[0]!.set(1);
    await pass(20);
    expect(price.cleanUps).toEqual([1]);
    price.show();
    gate.resolve();
    await pass(1);
    expect(calls.filter(({ unregister }) => unregister)).toEqual([]);
    expect(price.runs).toHaveLength(2);
  });

  it("is not unregistered before its last value is written", async () => {
    const price = createStream("price");
    price.show();
    await pass(0);
    const gate = Promise.withResolvers<void>();
    const { set } = backend;
    backend.set = (...args) => gate.promise.then(() => set(...args));
    void price.runs[0]!.set(1);
    await pass(20);
    expect(calls.filter(({ unregister }) => unregister)).toEqual([]);
    gate.resolve();
    await pass(1);
    expect(stored("price")).toBe("absent");
  });

  it("runs outside of the request that has started it", async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const target = new BackedSignal<number>(streamKey("price"), initialOf("price", 0), backend);
    const start = (): (() => void) => {
      seen.push(request.getStore());
      setTimeout(() => seen.push(request.getStore()), 1_000);
      return () => seen.push(request.getStore());
    };
    request.run("the first visitor", () => inlineStreams().show({ name: "price", target, start }));
    await pass(20);
    expect(seen).toEqual([undefined, undefined, undefined]);
  });
});

describe("among several servers", () => {
  it("all streams that are shown are registered together, every two seconds", async () => {
    const [one, two] = [createStream("one"), createStream("two")];
    one.show();
    await pass(0.5);
    two.show();
    open.add("one").add("two");
    await pass(7);
    const scopes = ["one", "two"];
    expect(calls).toEqual([
      { at: 0, register: ["one"] },
      { at: 0.5, register: scopes },
      { at: 3, register: scopes },
      { at: 5, register: scopes },
      { at: 7, register: scopes },
    ]);
  });

  it("a server that only shows does not produce, until it is told to", async () => {
    produced = async () => [];
    const price = showOpen("price");
    await pass(5);
    expect(price.runs).toHaveLength(0);
    produced = async (scopes) => scopes;
    await pass(2);
    expect(price.runs).toHaveLength(1);
  });

  it("a producer that is told it no longer is stops at once, and may become it again", async () => {
    const price = showOpen("price");
    await pass(1);
    produced = async () => [];
    await pass(2);
    expect(price.cleanUps).toEqual([1]);
    produced = async (scopes) => scopes;
    await pass(2);
    expect(price.runs).toHaveLength(2);
  });

  it("a producer goes on while the backend is away, which is reported once", async () => {
    const price = showOpen("price");
    await pass(1);
    produced = () => Promise.reject(new KawaError("BACKEND_TIMEOUT", "The actor is away."));
    await pass(60);
    expect(price.cleanUps).toEqual([]);
    expect(reports).toEqual([
      "[kawa] Streams could not be registered; retrying: KawaError: The actor is away. (BACKEND_TIMEOUT)",
    ]);
    produced = async () => [];
    await pass(2);
    expect(price.cleanUps).toEqual([1]);
    produced = () => Promise.reject(new Error("again"));
    await pass(2);
    expect(reports).toHaveLength(2);
  });

  it("a stream that is first shown while the backend is away starts when it is back", async () => {
    produced = () => Promise.reject(new KawaError("BACKEND_TIMEOUT", "The actor is away."));
    const price = showOpen("price");
    await pass(10);
    expect(price.runs).toHaveLength(0);
    produced = async (scopes) => scopes;
    await pass(2);
    expect(price.runs).toHaveLength(1);
  });

  it("an answer that comes when the stream is not shown any more starts nothing", async () => {
    const late = Promise.withResolvers<readonly string[]>();
    produced = () => late.promise;
    const price = createStream("price");
    price.show();
    await pass(20);
    late.resolve(["price"]);
    await pass(1);
    expect(price.runs).toHaveLength(0);
    expect(calls.at(-1)).toMatchObject({ unregister: ["price"] });
  });

  it("the value that a restarted actor has lost is written again", async () => {
    const price = showOpen("price");
    await pass(0);
    await price.runs[0]!.set(5);
    await backend.delete(streamKey("price"));
    await pass(3);
    expect(stored("price")).toBe(5);
  });
});

describe("the end", () => {
  it("of the last stream leaves no timer and no listener", async () => {
    const price = createStream("price");
    const onChange = vi.spyOn(backend, "onChange");
    price.show();
    await pass(0);
    expect(onChange).toHaveBeenCalledTimes(1);
    await pass(30);
    expect(vi.getTimerCount()).toBe(0);
    const count = calls.length;
    await pass(60);
    expect(calls).toHaveLength(count);
    price.show();
    await pass(0);
    expect(onChange).toHaveBeenCalledTimes(2);
    expect(price.runs).toHaveLength(2);
  });

  it("of the server stops all streams at once, and unregisters them", async () => {
    const [one, two] = [createStream("one"), createStream("two")];
    one.show();
    two.show();
    await pass(0);
    const stopped = stopInlineStreams();
    expect([one.cleanUps, two.cleanUps]).toEqual([[1], [1]]);
    await stopped;
    expect(calls.at(-1)).toMatchObject({ unregister: ["one", "two"] });
    expect(vi.getTimerCount()).toBe(0);
    await stopInlineStreams();
  });

  it("of the server does not wait for a backend that is away", async () => {
    const price = createStream("price");
    price.show();
    await pass(0);
    backend.streams.unregister = () => new Promise(() => {});
    vi.useRealTimers();
    await stopInlineStreams();
    expect(price.cleanUps).toEqual([1]);
  });

  it("of the backend stops its streams", async () => {
    const price = showOpen("price");
    await pass(0);
    await backend.close();
    await pass(1);
    expect(price.cleanUps).toEqual([1]);
    expect(calls.filter(({ unregister }) => unregister)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("of the time in which a backend is the global one stops its streams", async () => {
    const price = showOpen("price");
    await pass(0);
    const next = createBackend("next");
    registerBackend(next, { global: true });
    await pass(1);
    expect(price.cleanUps).toEqual([1]);
    price.show();
    await pass(0);
    expect(inlineStreams().backend).toBe(next);
    expect(price.runs).toHaveLength(2);
  });

  it("comes at once when a render shows a stream of the next global backend", async () => {
    const price = createStream("price");
    price.show();
    await pass(0);
    registerBackend(createBackend("next"), { global: true });
    inlineStreams();
    expect(price.cleanUps).toEqual([1]);
  });

  it("of a backend that says it was closed stops its streams", async () => {
    const price = showOpen("price");
    await pass(0);
    produced = () => Promise.reject(new KawaError("BACKEND_CLOSED", "closed"));
    await pass(2);
    expect(price.cleanUps).toEqual([1]);
    expect(reports).toEqual([]);
  });
});
