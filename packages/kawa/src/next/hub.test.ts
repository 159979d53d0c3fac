import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, type Change, knownBackends, registerBackend, unregisterBackend } from "../core/backend.ts";
import { createMemoryBackend } from "../core/memory-backend.ts";
import { pageReads } from "../react/page-reads.ts";
import { isShown } from "../core/viewers.ts";
import { Hub, hub } from "./hub.ts";

let count = 0;

afterEach(() => {
  for (const backend of knownBackends.peek().values()) unregisterBackend(backend);
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.page-reads"));
});

function register(id = `hub-${(count += 1)}`): Backend {
  const backend = createMemoryBackend(id);
  registerBackend(backend, { global: false });
  return backend;
}

function listen(hub: Hub, path: string | undefined) {
  const onChange = vi.fn<() => void>();
  onTestFinished(hub.listen({ paths: path === undefined ? undefined : [path], onChange }));
  return onChange;
}

/** A backend that has not reached its actor yet. */
function createUnconnected(id: string) {
  const listeners = new Set<(change: Change) => void>();
  const load = vi.fn<(keys: readonly string[]) => Promise<void>>(async () => {});
  let version = { epoch: "", seq: 0 };
  const backend: Backend = {
    ...createMemoryBackend(id),
    load,
    get version() {
      return version;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    backend,
    load,
    connect(seq: number) {
      version = { epoch: "e", seq };
      for (const listener of listeners) listener({ keys: [], version });
    },
  };
}

describe("a change", () => {
  it("is told only to the streams whose pages have read the key", async () => {
    const backend = register();
    const hub = new Hub();
    pageReads().add("/counter", backend.id, "counter");
    pageReads().add("/theme", backend.id, "theme");
    const [counter, theme] = [listen(hub, "/counter"), listen(hub, "/theme")];
    await backend.set("counter", 1);
    expect([counter.mock.calls.length, theme.mock.calls.length]).toEqual([1, 0]);
    await backend.set("theme", "light");
    await backend.set("nobody reads this", 1);
    expect([counter.mock.calls.length, theme.mock.calls.length]).toEqual([1, 1]);
  });

  it("is told to every stream whose path was not rendered here, or is not known", async () => {
    const backend = register();
    const hub = new Hub();
    const [unrendered, unknown] = [listen(hub, "/never rendered"), listen(hub, undefined)];
    await backend.set("a", 1);
    expect([unrendered.mock.calls.length, unknown.mock.calls.length]).toEqual([1, 1]);
  });

  it("of the same key in another backend concerns nobody", async () => {
    const [read, other] = [register(), register()];
    const hub = new Hub();
    pageReads().add("/", read.id, "k");
    const onChange = listen(hub, "/");
    await other.set("k", 1);
    expect(onChange).not.toHaveBeenCalled();
    await read.set("k", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("is not told after unsubscribe, which may be called twice", async () => {
    const backend = register();
    const hub = new Hub();
    const onChange = vi.fn<() => void>();
    const stop = hub.listen({ paths: undefined, onChange });
    stop();
    stop();
    await backend.set("a", 1);
    expect(onChange).not.toHaveBeenCalled();
  });

  it("that an open page has begun to read after its stream was opened is told", async () => {
    const backend = register();
    const hub = new Hub();
    pageReads().add("/", backend.id, "a");
    const onChange = listen(hub, "/");
    pageReads().add("/", backend.id, "b");
    await backend.set("b", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });
});

describe("backends", () => {
  it("that are registered later are heard, once each", async () => {
    const hub = new Hub();
    const onChange = listen(hub, undefined);
    const backend = register();
    register();
    await backend.set("a", 1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("that are unregistered or replaced are not heard any more", async () => {
    const hub = new Hub();
    const onChange = listen(hub, undefined);
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
    const { backend: unconnected, connect } = createUnconnected("later");
    registerBackend(unconnected, { global: false });
    await backend.set("a", 1);
    expect(hub.versions).toEqual({ seen: backend.version });
    connect(7);
    expect(hub.versions).toEqual({ seen: backend.version, later: { epoch: "e", seq: 7 } });
  });
});

describe("hasChanged", () => {
  it("is false for the current version, and for a change of what the page did not read", async () => {
    const backend = register();
    const hub = new Hub();
    pageReads().add("/", backend.id, "a");
    await backend.set("a", 1);
    const shown = hub.versions;
    expect(hub.hasChanged(["/"], shown)).toBe(false);
    await backend.set("b", 1);
    expect(hub.hasChanged(["/"], shown)).toBe(false);
    await backend.set("a", 2);
    expect(hub.hasChanged(["/"], shown)).toBe(true);
    expect(hub.hasChanged(["/"], hub.versions)).toBe(false);
  });

  it("counts any change for a path that is unknown or was not rendered here", async () => {
    const backend = register();
    const hub = new Hub();
    const shown = hub.versions;
    expect(hub.hasChanged(undefined, shown)).toBe(false);
    await backend.set("a", 1);
    expect(hub.hasChanged(undefined, shown)).toBe(true);
    expect(hub.hasChanged(["/elsewhere"], shown)).toBe(true);
  });

  it("counts another history when the page read something of that backend, and only then", async () => {
    const backend = register();
    const hub = new Hub();
    await backend.set("a", 1);
    const shown = { [backend.id]: { epoch: "before", seq: 1_000 } };
    pageReads().add("/reads it", backend.id, "a");
    pageReads().add("/reads another", "other", "a");
    expect(hub.hasChanged(["/reads it"], shown)).toBe(true);
    expect(hub.hasChanged(["/reads another"], shown)).toBe(false);
    expect(hub.hasChanged(undefined, shown)).toBe(true);
  });

  it("counts a backend that the page has never seen", async () => {
    const backend = register();
    const hub = new Hub();
    pageReads().add("/", backend.id, "a");
    expect(hub.hasChanged(["/"], {})).toBe(true);
  });

  it("is false for a version that is ahead of this server", () => {
    const backend = register();
    const { epoch } = backend.version;
    expect(new Hub().hasChanged(undefined, { [backend.id]: { epoch, seq: 99 } })).toBe(false);
  });

  it("makes a backend connect that has not, and the listener hears when it has", () => {
    const hub = new Hub();
    const { backend, load, connect } = createUnconnected("restarted");
    registerBackend(backend, { global: false });
    const onChange = listen(hub, undefined);
    expect(hub.hasChanged(undefined, { restarted: { epoch: "e", seq: 3 } })).toBe(false);
    expect(load.mock.calls).toEqual([[[]]]);
    connect(4);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("hears of a new history also for a path that was rendered here", () => {
    const hub = new Hub();
    const { backend, connect } = createUnconnected("reborn");
    registerBackend(backend, { global: false });
    pageReads().add("/", backend.id, "a");
    const onChange = listen(hub, "/");
    connect(1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });
});

describe("isShown", () => {
  it("is true while a browser is open whose pages have read the key", () => {
    const backend = register();
    const hub = new Hub();
    pageReads().add("/price", backend.id, "price");
    pageReads().add("/news", backend.id, "news");
    expect(hub.isShown(backend.id, "price")).toBe(false);
    const closings = ["/price", "/news", "/price"].map((path) => hub.listen({ paths: [path, "/layout"], onChange() {} }));
    expect(hub.isShown(backend.id, "price")).toBe(true);
    expect(hub.isShown(backend.id, "weather")).toBe(false);
    expect(hub.isShown("other", "price")).toBe(false);
    closings[0]!();
    closings[0]!();
    expect(hub.isShown(backend.id, "price")).toBe(true);
    closings[2]!();
    expect(hub.isShown(backend.id, "price")).toBe(false);
    expect(hub.isShown(backend.id, "news")).toBe(true);
  });

  it("does not count browsers whose paths are not known, or were not rendered here", () => {
    const backend = register();
    const hub = new Hub();
    pageReads().add("/price", backend.id, "price");
    listen(hub, undefined);
    listen(hub, "/never rendered");
    expect(hub.isShown(backend.id, "price")).toBe(false);
  });

  it("counts any open browser where no path is known at all, as without the middleware", () => {
    const hub = new Hub();
    expect(hub.isShown("b", "price")).toBe(false);
    listen(hub, "/price");
    expect(hub.isShown("b", "price")).toBe(true);
  });

  it("is what inline streams ask, as soon as the process has a hub", () => {
    const made = hub();
    onTestFinished(() => void Reflect.deleteProperty(globalThis, Symbol.for("kawa.hub")));
    expect(isShown("b", "price")).toBe(false);
    onTestFinished(made.listen({ paths: ["/price"], onChange() {} }));
    expect(isShown("b", "price")).toBe(true);
  });
});
