import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, knownBackends, registerBackend, unregisterBackend } from "../core/backend.ts";
import { createMemoryBackend } from "../core/memory-backend.ts";
import { processState } from "../core/process-state.ts";
import { formatVersions } from "../core/version.ts";
import { pageReads } from "../react/page-reads.ts";
import { hub, type HubListener } from "./hub.ts";
import { closeStreams, createReactiveRoute } from "./reactive-route.ts";
import { serverId } from "./server-id.ts";

let backend: Backend;

beforeEach(() => {
  backend = createMemoryBackend("stream-test");
  registerBackend(backend, { global: false });
});

afterEach(() => {
  closeStreams();
  vi.useRealTimers();
  for (const each of knownBackends.peek().values()) unregisterBackend(each);
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.page-reads"));
});

type OpenOptions = { path?: string; server?: string; versions?: string; headers?: HeadersInit; pingIntervalMs?: number };

function open({ path = "/", server = serverId(), versions = formatVersions(hub().versions), headers = {}, pingIntervalMs }: OpenOptions = {}) {
  const abort = new AbortController();
  const { GET } = createReactiveRoute(pingIntervalMs === undefined ? {} : { pingIntervalMs });
  const url = `http://host/api/reactive?${new URLSearchParams({ path, server, versions })}`;
  const response = GET(new Request(url, { headers, signal: abort.signal }));
  const reader = response.body!.getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  return {
    abort,
    response,
    reader,
    /** Text of the next chunk; undefined at the end. */
    next: async (): Promise<string | undefined> => {
      const { value, done } = await reader.read();
      return done ? undefined : new TextDecoder().decode(value);
    },
  };
}

const hello = (): string => `event: hello\ndata: ${formatVersions(hub().versions)}\n\n`;
const change = (): string => `event: change\ndata: ${formatVersions(hub().versions)}\n\n`;

describe("the stream", () => {
  it("is an event stream that no proxy stores, changes or holds back", () => {
    const { response } = open();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      connection: "close",
    });
  });

  it("begins with hello and the versions of the server", async () => {
    const { next } = open();
    expect(await next()).toBe(`event: hello\ndata: stream-test=${backend.version.epoch}@0\n\n`);
  });

  it("tells a change by its version, and neither key nor value", async () => {
    const { next } = open();
    await next();
    await backend.set("secret key", "secret value");
    const text = await next();
    expect(text).toBe(`event: change\ndata: stream-test=${backend.version.epoch}@1\n\n`);
    expect(text).not.toContain("secret");
  });

  it("makes one event of all changes of a turn, with the last version", async () => {
    const { next } = open();
    await next();
    await Promise.all(Array.from({ length: 50 }, (_, n) => backend.set("a", n)));
    expect(await next()).toBe(change());
    await backend.set("a", "later");
    expect(await next()).toBe(`event: change\ndata: stream-test=${backend.version.epoch}@51\n\n`);
  });

  it("makes one event of all changes while the browser does not read", async () => {
    const { next } = open();
    for (let n = 0; n < 20; n += 1) {
      await backend.set("a", n);
      await new Promise(setImmediate);
    }
    expect(await next()).toContain("event: hello");
    expect(await next()).toBe(change());
    await backend.set("a", "later");
    expect(await next()).toContain("@21\n\n");
  });

  it("is silent about keys that its page has not read", async () => {
    pageReads().add("/counter", backend.id, "counter");
    const { next } = open({ path: "/counter" });
    await next();
    await backend.set("theme", "light");
    await new Promise(setImmediate);
    await backend.set("counter", 1);
    expect(await next()).toContain("@2\n\n");
  });

  it("tells everything to a page that another server rendered", async () => {
    pageReads().add("/counter", backend.id, "counter");
    const { next } = open({ path: "/counter", server: "another" });
    await next();
    await backend.set("theme", "light");
    expect(await next()).toBe(change());
  });

  it("tells at once what has changed since the page was rendered", async () => {
    const versions = formatVersions(hub().versions);
    await backend.set("a", 1);
    const { next } = open({ versions });
    expect(await next()).toBe(hello());
    expect(await next()).toBe(change());
  });

  it.each(["", "nonsense", "stream-test=other@5"])("tells a page that shows %j to render again", async (versions) => {
    const { next } = open({ versions });
    await next();
    expect(await next()).toBe(change());
  });

  it("sends a ping in the given interval", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { next } = open({ pingIntervalMs: 1_000 });
    await next();
    vi.advanceTimersByTime(1_000);
    expect(await next()).toBe("event: ping\ndata: \n\n");
    vi.advanceTimersByTime(1_000);
    expect(await next()).toBe("event: ping\ndata: \n\n");
  });
});

describe("the end of the stream", () => {
  const openStreamCount = (): number => processState("open-streams", () => new Set<unknown>()).size;

  it("comes when the browser goes away", async () => {
    const { abort, next } = open();
    await next();
    expect(openStreamCount()).toBe(1);
    abort.abort();
    expect(await next()).toBeUndefined();
    expect(openStreamCount()).toBe(0);
  });

  it("comes at once when the browser went away before it was opened", async () => {
    const { GET } = createReactiveRoute();
    const response = GET(new Request("http://host/api/reactive", { signal: AbortSignal.abort() }));
    onTestFinished(() => void response.body!.cancel());
    expect(openStreamCount()).toBe(0);
  });

  it("comes for all streams with closeStreams, which may be called twice", async () => {
    const streams = [open(), open(), open({ path: "/other" })];
    for (const { next } of streams) await next();
    closeStreams();
    closeStreams();
    for (const { next } of streams) expect(await next()).toBeUndefined();
    expect(openStreamCount()).toBe(0);
  });

  it("comes when the reader cancels, and leaves no timer and no listener behind", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const listeners = new Set<HubListener>();
    const listen = vi.spyOn(hub(), "listen").mockImplementation((listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    });
    onTestFinished(() => listen.mockRestore());
    const { reader, next } = open();
    await next();
    expect([vi.getTimerCount(), listeners.size, openStreamCount()]).toEqual([1, 1, 1]);
    await reader.cancel();
    expect([vi.getTimerCount(), listeners.size, openStreamCount()]).toEqual([0, 0, 0]);
  });

  it("lets a change that is on its way come to nothing", async () => {
    const { next } = open();
    await next();
    await backend.set("a", 1);
    closeStreams();
    await new Promise(setImmediate);
    expect(await next()).toBeUndefined();
  });
});

describe("a request from another site", () => {
  it("is refused", async () => {
    const { response } = open({ headers: { "sec-fetch-site": "cross-site" } });
    expect(response.status).toBe(403);
    expect(response.headers.get("content-type")).not.toContain("event-stream");
  });

  it.each(["same-origin", "same-site", "none"])("is none when the browser says %s", (site) => {
    expect(open({ headers: { "sec-fetch-site": site } }).response.status).toBe(200);
  });
});
