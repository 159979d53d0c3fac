import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type Backend,
  type Change,
  knownBackends,
  registerBackend,
  unregisterBackend,
} from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { isShown } from "../../core/streams/viewers.ts";
import type { ShownVersions, Version } from "../../core/value/version.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { Hub, hub } from "./hub.ts";

let count = 0;

afterEach(() => {
  for (const backend of knownBackends().values()) unregisterBackend(backend);
});

function register(id = `hub-${(count += 1)}`): Backend {
  const backend = createMemoryBackend(id);
  registerBackend(backend, { global: false });
  return backend;
}

/** A render that shows the present, or what it is told. */
function renderOf(backend: Backend, keys: readonly string[], version: Version = backend.version): RenderReads {
  const render = new RenderReads(`render-${(count += 1)}`);
  render.versions.set(backend.id, version);
  for (const key of keys) render.add(backend.id, key);
  return render;
}

type WatchOptions = { render?: RenderReads | undefined; versions?: ShownVersions };

function watch(hub: Hub, { render, versions = {} }: WatchOptions) {
  const onChange = vi.fn<() => void>();
  const watched = hub.watch({ render, versions, onChange });
  const stop = (): void => watched.stop();
  onTestFinished(stop);
  return Object.assign(onChange, { stop });
}

/** Comparing may have to ask the backend. */
const settle = (): Promise<void> => new Promise(setImmediate);

/** A backend that has not reached its actor yet. Its keys have the commit numbers that `seqs` tells, once they are loaded. */
function createUnconnected(id: string, seqs: Record<string, number> = {}) {
  const memory = createMemoryBackend(id);
  const listeners = new Set<(change: Change) => void>();
  const connected = Promise.withResolvers<void>();
  let version: Version = { epoch: "", seq: 0 };
  const load = vi.fn<(keys: readonly string[]) => Promise<void>>(async (keys) => {
    await connected.promise;
    for (const key of keys) (memory.entry(key) as { value: unknown }).value = { state: "absent", seq: seqs[key] ?? 0 };
  });
  const backend: Backend = {
    ...memory,
    load,
    get version() {
      return version;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  registerBackend(backend, { global: false });
  const change = (keys: string[], next: Version): void => {
    version = next;
    for (const listener of listeners) listener({ keys, version });
  };
  return {
    backend,
    load,
    change,
    connect(seq: number, epoch = "e") {
      change([], { epoch, seq });
      connected.resolve();
    },
  };
}

describe("a change", () => {
  it("is told only to those whose render has read the key", async () => {
    const backend = register();
    const hub = new Hub();
    const [counter, theme] = [
      watch(hub, { render: renderOf(backend, ["counter"]) }),
      watch(hub, { render: renderOf(backend, ["theme"]) }),
    ];
    await settle();

    await backend.set("counter", 1);
    expect([counter.mock.calls.length, theme.mock.calls.length]).toEqual([1, 0]);
    await backend.set("theme", "light");
    await backend.set("nobody reads this", 1);
    expect([counter.mock.calls.length, theme.mock.calls.length]).toEqual([1, 1]);
  });

  it("is told to all whose render is not known, or has read very much", async () => {
    const backend = register();
    const hub = new Hub();
    const large = renderOf(
      backend,
      Array.from({ length: 5_001 }, (_, n) => `k${n}`),
    );
    const [unknown, everything] = [watch(hub, { versions: hub.versions }), watch(hub, { render: large })];
    await settle();
    await backend.set("a", 1);
    expect([unknown.mock.calls.length, everything.mock.calls.length]).toEqual([1, 1]);
  });

  it("of the same key in another backend concerns nobody", async () => {
    const [read, other] = [register(), register()];
    const hub = new Hub();
    const onChange = watch(hub, { render: renderOf(read, ["k"]) });
    await other.set("k", 1);
    expect(onChange).not.toHaveBeenCalled();
    await read.set("k", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("of a key that the render reads later is told, also when it reads very much later", async () => {
    const backend = register();
    const hub = new Hub();
    const render = renderOf(backend, ["early"]);
    const onChange = watch(hub, { render });
    await backend.set("late", 1);
    expect(onChange).not.toHaveBeenCalled();
    render.versions.set(backend.id, backend.version);
    render.add(backend.id, "late");
    await settle();
    expect(onChange).not.toHaveBeenCalled();
    await backend.set("late", 2);
    expect(onChange).toHaveBeenCalledTimes(1);
    // From here on it counts as one that may show anything: also what has changed before.
    for (let n = 0; n < 5_000; n += 1) render.add(backend.id, `k${n}`);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2), { timeout: 20_000 });
    await backend.set("anything", 1);
    expect(onChange).toHaveBeenCalledTimes(3);
  });

  it("is not told after the end, which may come twice", async () => {
    const backend = register();
    const hub = new Hub();
    const render = renderOf(backend, ["a"]);
    const [known, unknown] = [watch(hub, { render }), watch(hub, { versions: hub.versions })];
    for (const { stop } of [known, known, unknown, unknown]) stop();
    render.add(backend.id, "b");
    await backend.set("a", 1);
    await backend.set("b", 1);
    expect([known.mock.calls.length, unknown.mock.calls.length]).toEqual([0, 0]);
    expect(hub.isShown(backend.id, "a")).toBe(false);
  });
});

describe("what has changed before", () => {
  it("is told when the render has read it, and not otherwise", async () => {
    const backend = register();
    const hub = new Hub();
    const [reads, readsAnother] = [renderOf(backend, ["a"]), renderOf(backend, ["b"])];
    await backend.set("a", 1);
    const [old, current] = [watch(hub, { render: reads }), watch(hub, { render: readsAnother })];
    await settle();
    expect([old.mock.calls.length, current.mock.calls.length]).toEqual([1, 0]);
  });

  it("is told when a late part of the render reads it, and not when it reads something else", async () => {
    const backend = register();
    const hub = new Hub();
    const render = renderOf(backend, ["a"]);
    const onChange = watch(hub, { render });
    await backend.set("b", 1);
    render.add(backend.id, "c");
    await settle();
    expect(onChange).not.toHaveBeenCalled();
    render.add(backend.id, "b");
    await settle();
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("is told when a part of the render turns out to be older than what it has told", async () => {
    const [backend, other] = [register(), register()];
    const render = renderOf(backend, ["a"]);
    const onChange = watch(new Hub(), { render });
    await settle();
    expect(onChange).not.toHaveBeenCalled();
    render.noteOlder(backend.id);
    expect(onChange).toHaveBeenCalledExactlyOnceWith(backend);
    expect(onChange).not.toHaveBeenCalledWith(other);
  });

  it("is any change for a render that is not known", async () => {
    const backend = register();
    const hub = new Hub();
    const shown = hub.versions;
    const before = watch(hub, { versions: shown });
    await settle();
    expect(before).not.toHaveBeenCalled();
    before.stop();
    await backend.set("a", 1);
    const after = watch(hub, { versions: shown });
    const never = watch(hub, { versions: {} });
    await settle();
    expect([after.mock.calls.length, never.mock.calls.length]).toEqual([1, 1]);
  });

  it("is nothing of a backend that an unknown render does not name, when that has not changed since the render", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
    onTestFinished(() => void vi.useRealTimers());
    const [named, other] = [register(), register()];
    const hub = new Hub();
    await other.set("a", 1);
    vi.setSystemTime(1_010_000);
    const shown = { [named.version.epoch]: named.version.seq, "": Date.now() };
    const calm = watch(hub, { versions: shown });
    await settle();
    expect(calm).not.toHaveBeenCalled();
    // A clock may be behind, and a late part of the render may have read it.
    await other.set("a", 2);
    const late = watch(hub, { versions: shown });
    await settle();
    expect(late).toHaveBeenCalledOnce();
    expect(late).toHaveBeenCalledWith(other);
  });

  it("is everything when the backend has another history, for those who have read something of it", async () => {
    const [backend, other] = [register(), register()];
    const hub = new Hub();
    const before = { epoch: "before", seq: 1_000 };
    const reads = watch(hub, { render: renderOf(backend, ["a"], before) });
    const readsOther = watch(hub, { render: renderOf(other, ["a"]) });
    await settle();
    expect([reads.mock.calls.length, readsOther.mock.calls.length]).toEqual([1, 0]);
  });

  it("is nothing for a version that is ahead of this server", async () => {
    const backend = register();
    const ahead = { epoch: backend.version.epoch, seq: 99 };
    const onChange = watch(new Hub(), { versions: { [ahead.epoch]: ahead.seq } });
    await settle();
    expect(onChange).not.toHaveBeenCalled();
  });
});

describe("a server that has just started", () => {
  it("compares what browsers show as soon as it is connected: by the keys, not by the version", async () => {
    const { backend, connect } = createUnconnected("restarted", { changed: 7, same: 3 });
    const hub = new Hub();
    const shown = { epoch: "e", seq: 5 };
    const [old, current] = [
      watch(hub, { render: renderOf(backend, ["changed"], shown) }),
      watch(hub, { render: renderOf(backend, ["same"], shown) }),
    ];
    const unknown = watch(hub, { versions: { [shown.epoch]: shown.seq } });
    await settle();
    expect([old, current, unknown].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
    connect(9);
    await vi.waitFor(() => expect(old).toHaveBeenCalled());
    await settle();
    expect(current).not.toHaveBeenCalled();
    expect(unknown).toHaveBeenCalled();
  });

  it("asks for no key when nothing at all has changed", async () => {
    const { backend, connect, load } = createUnconnected("quiet");
    const hub = new Hub();
    const onChange = watch(hub, { render: renderOf(backend, ["a"], { epoch: "e", seq: 9 }) });
    connect(9);
    await settle();
    expect(onChange).not.toHaveBeenCalled();
    expect(load.mock.calls.flat(2)).toEqual([]);
  });

  it("takes what each identity has to ask for itself as changed, when anything has", async () => {
    const { backend, connect } = createUnconnected("guarded");
    Object.assign(backend, { isGuarded: true });
    const hub = new Hub();
    const onChange = watch(hub, { render: renderOf(backend, ["a"], { epoch: "e", seq: 5 }) });
    connect(9);
    await settle();
    expect(onChange).toHaveBeenCalled();
  });
});

describe("backends", () => {
  it("that are registered later are heard, once each", async () => {
    const hub = new Hub();
    const onChange = watch(hub, {});
    const backend = register();
    register();
    await backend.set("a", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("that are unregistered or replaced are not heard any more", async () => {
    const hub = new Hub();
    const onChange = watch(hub, {});
    const old = register("replaced");
    const next = register("replaced");
    await old.set("a", 1);
    expect(onChange).not.toHaveBeenCalled();
    await next.set("a", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
    unregisterBackend(next);
    await next.set("a", 2);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("appear in the versions once they are connected", async () => {
    const hub = new Hub();
    const backend = register("seen");
    const { connect } = createUnconnected("later");
    await backend.set("a", 1);
    const { epoch, seq } = backend.version;
    expect(hub.versions).toEqual({ [epoch]: seq });
    connect(7);
    expect(hub.versions).toEqual({ [epoch]: seq, e: 7 });
  });

  it("that lose their history make all who have read of them render again", async () => {
    const { backend, connect, change } = createUnconnected("reborn");
    const hub = new Hub();
    connect(5);
    const onChange = watch(hub, { render: renderOf(backend, ["a"]) });
    await settle();
    expect(onChange).not.toHaveBeenCalled();
    change([], { epoch: "another", seq: 0 });
    await settle();
    expect(onChange).toHaveBeenCalledTimes(1);
  });
});

describe("one key", () => {
  it("is told of its changes alone, until the end", async () => {
    const backend = register();
    const made = new Hub();
    const onChange = vi.fn<() => void>();
    const stop = made.watchKey(backend.id, "a", onChange);
    await backend.set("b", 1);
    expect(onChange).not.toHaveBeenCalled();
    await backend.set("a", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
    stop();
    await backend.set("a", 2);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("is told when its backend is connected", async () => {
    const { backend, connect } = createUnconnected(`hub-${(count += 1)}`);
    const made = new Hub();
    const onChange = vi.fn<() => void>();
    onTestFinished(made.watchKey(backend.id, "a", onChange));
    connect(5);
    expect(onChange).toHaveBeenCalledTimes(1);
  });
});

describe("isShown", () => {
  it("is true while a browser is open whose render has read the key", () => {
    const backend = register();
    const hub = new Hub();
    const render = renderOf(backend, ["price"]);
    expect(hub.isShown(backend.id, "price")).toBe(false);
    const watches = [watch(hub, { render }), watch(hub, { render })];
    expect(hub.isShown(backend.id, "price")).toBe(true);
    expect(hub.isShown(backend.id, "weather")).toBe(false);
    expect(hub.isShown("other", "price")).toBe(false);
    watches[0]!.stop();
    watches[0]!.stop();
    expect(hub.isShown(backend.id, "price")).toBe(true);
    watches[1]!.stop();
    expect(hub.isShown(backend.id, "price")).toBe(false);
  });

  it("is true of every key while a browser is open whose render is not known", () => {
    const hub = new Hub();
    const unknown = watch(hub, {});
    expect(hub.isShown("b", "price")).toBe(true);
    unknown.stop();
    expect(hub.isShown("b", "price")).toBe(false);
  });

  it("of a backend is asked where that may rest: true while a browser shows something of it, known or not", () => {
    const [backend, other] = [register(), register()];
    const made = new Hub();
    const isWatched = (): boolean[] => [backend, other].map(({ id }) => made.isWatched(id));
    expect(isWatched()).toEqual([false, false]);
    const known = watch(made, { render: renderOf(backend, ["price"]) });
    expect(isWatched()).toEqual([true, false]);
    known.stop();
    const unknown = watch(made, { versions: { [other.version.epoch]: 0 } });
    expect(isWatched()).toEqual([false, true]);
    unknown.stop();
    expect(isWatched()).toEqual([false, false]);
  });

  it("is what inline streams ask, as soon as the process has a hub", () => {
    const made = hub();
    onTestFinished(() => void Reflect.deleteProperty(globalThis, Symbol.for("kawa.hub")));
    expect(isShown("b", "price")).toBe(false);
    const watched = made.watch({ render: undefined, versions: {}, onChange() {} });
    onTestFinished(() => watched.stop());
    expect(isShown("b", "price")).toBe(true);
  });
});

describe("a change of a key that hooks hide from whoever looks", () => {
  /** A backend of which each identity sees what `shown` has. */
  function registerGuarded(shown: Set<string>) {
    const memory = createMemoryBackend(`hub-${(count += 1)}`);
    const seesValue = vi.fn<(key: string, identity: string) => Promise<boolean>>(async (key, identity) =>
      shown.has(`${identity} ${key}`),
    );
    const backend: Backend = Object.defineProperties(Object.create(memory) as Backend, {
      seesValue: { value: seesValue },
      version: { get: () => memory.version },
    });
    registerBackend(backend, { global: false });
    return { backend, seesValue };
  }

  function hiddenRender(backend: Backend, key: string): RenderReads {
    const render = renderOf(backend, []);
    render.add(backend.id, key, "ada");
    return render;
  }

  it("is not told while it stays hidden, and told when it is shown", async () => {
    const shown = new Set<string>();
    const { backend, seesValue } = registerGuarded(shown);
    const hub = new Hub();
    const onChange = watch(hub, { render: hiddenRender(backend, "k") });
    await settle();
    await backend.set("k", 1);
    await settle();
    expect([onChange.mock.calls.length, seesValue.mock.calls]).toEqual([0, [["k", "ada"]]]);
    shown.add("ada k");
    await backend.set("k", 2);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
  });

  it("that came before the watch is not told either, nor to whom reads it later", async () => {
    const { backend } = registerGuarded(new Set());
    const hub = new Hub();
    const render = hiddenRender(backend, "k");
    await backend.set("k", 1);
    const onChange = watch(hub, { render });
    await backend.set("late", 1);
    render.add(backend.id, "late", "ada");
    await settle();
    expect(onChange).not.toHaveBeenCalled();
  });

  it("does not hide the change of another key of the same render", async () => {
    const { backend } = registerGuarded(new Set());
    const hub = new Hub();
    const render = hiddenRender(backend, "k");
    render.add(backend.id, "open");
    await backend.set("k", 1);
    await backend.set("open", 1);
    const before = watch(hub, { render });
    await vi.waitFor(() => expect(before).toHaveBeenCalledTimes(1));
    await backend.set("open", 2);
    expect(before).toHaveBeenCalledTimes(2);
  });

  it("is told when nobody can say whether it is hidden, and of a render that has seen a value since", async () => {
    const { backend, seesValue } = registerGuarded(new Set());
    const hub = new Hub();
    const render = hiddenRender(backend, "k");
    const onChange = watch(hub, { render });
    seesValue.mockRejectedValueOnce(new Error("away"));
    await backend.set("k", 1);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    render.add(backend.id, "k");
    await backend.set("k", 2);
    expect(onChange).toHaveBeenCalledTimes(2);
  });
});

describe("ten thousand backends", () => {
  /** Backends that were made and not used, as those of customers who are not there. */
  function registerIdle(many: number): { readonly loads: () => number } {
    let loads = 0;
    for (let n = 0; n < many; n += 1) {
      const id = `idle-${n}`;
      const backend = {
        id,
        status: "idle",
        version: { epoch: "", seq: 0 },
        load: async () => void (loads += 1),
        onChange: () => () => {},
      };
      registerBackend(backend as unknown as Backend, { global: false });
    }
    return { loads: () => loads };
  }

  it("are not connected for a page that has read of one of them, nor for one that is not known", async () => {
    const made = new Hub();
    const { loads } = registerIdle(10_000);
    const backend = register();
    const known = watch(made, { render: renderOf(backend, ["a"]) });
    const unknown = watch(made, { versions: { [backend.version.epoch]: backend.version.seq } });
    await settle();
    expect([known.mock.calls.length, unknown.mock.calls.length, loads()]).toEqual([0, 0, 0]);
    await backend.set("a", 1);
    expect([known.mock.calls.length, unknown.mock.calls.length, loads()]).toEqual([1, 1, 0]);
  });

  it("are named to a page as far as it has read of them", async () => {
    const made = new Hub();
    const all = Array.from({ length: 200 }, () => register());
    const [one] = all as [Backend];
    const { epoch, seq } = one.version;
    const render = renderOf(one, ["a"]);
    expect(made.formatVersions([{ render, versions: {} }])).toBe(`${epoch}@${seq}`);
    expect(made.formatVersions([{ render: undefined, versions: { [epoch]: 0, other: 1, "": 2 } }])).toBe(
      `${epoch}@${seq}`,
    );
    expect(made.formatVersions([])).toBe("");
    expect(Object.keys(made.versions)).toHaveLength(200);
  });

  it("tell a connection to those alone that follow one", async () => {
    const made = new Hub();
    const { backend, connect } = createUnconnected(`hub-${(count += 1)}`);
    const other = register();
    const onValue = vi.fn<() => void>();
    onTestFinished(made.watchKey(other.id, "a", onValue));
    const reads = watch(made, { render: renderOf(backend, ["a"], { epoch: "before", seq: 1 }) });
    const readsOther = watch(made, { render: renderOf(other, ["a"]) });
    connect(5);
    await vi.waitFor(() => expect(reads).toHaveBeenCalledWith(backend));
    expect([onValue.mock.calls.length, readsOther.mock.calls.length]).toEqual([0, 0]);
  });
});

describe("a backend that nobody has made here", () => {
  it("makes what shows something of it count as old, until it is there", () => {
    const made = new Hub();
    const elsewhere = createMemoryBackend(`hub-${(count += 1)}`);
    const target = { render: renderOf(elsewhere, ["a"]), versions: {}, onChange() {} };
    expect(made.behind(target)).toEqual({ backend: undefined });
    registerBackend(elsewhere, { global: false });
    expect(made.behind(target)).toBeUndefined();
  });

  it("makes a render that is not known count as old, where no backend can be the one that it names", () => {
    const made = new Hub();
    const backend = register();
    const versions = { "of nobody": 3, [backend.version.epoch]: backend.version.seq, "": Date.now() };
    const target = { render: undefined, versions, onChange() {} };
    expect(made.behind(target)).toEqual({ backend: undefined });
    const { connect } = createUnconnected(`hub-${(count += 1)}`);
    Object.assign(knownBackends().get(`hub-${count}`)!, { status: "connecting" });
    expect(made.behind(target)).toBeUndefined();
    connect(3, "of nobody");
    expect(made.behind(target)).toBeUndefined();
  });
});
