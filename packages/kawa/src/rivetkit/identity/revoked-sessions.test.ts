import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, type Change, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace, root } from "../../core/namespace.ts";
import { closeStreams, streamCountOf } from "../../next/stream/open-streams.ts";
import { createReactiveRoute } from "../../next/route/reactive-route.ts";
import { type ChainedSession, RevokedSessions, revokedSessions } from "./revoked-sessions.ts";

const hourMs = 60 * 60 * 1000;
let backend: Backend;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
  registerBackend((backend = createMemoryBackend("revoked")), { global: true });
});

afterEach(() => {
  closeStreams();
  unregisterBackend(backend);
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const inAnHour = (): number => Date.now() + hourMs;

/** Opens the stream of a session, and reads what it says. */
async function openStream(id: string): Promise<{ text(): Promise<string>; rest(): Promise<string> }> {
  const { POST } = createReactiveRoute({ session: () => ({ id, expiresAt: Date.now() + 24 * hourMs }) });
  const body = JSON.stringify({ tabs: { tab: { route: [["", ""]] } } });
  const response = await POST(
    new Request("http://host/", { method: "POST", body, headers: { "content-type": "application/json" } }),
  );
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const text = async (): Promise<string> => (await reader.read()).value ?? "";
  return {
    text,
    async rest() {
      let all = "";
      for (let next = await text(); next !== ""; next = await text()) all += next;
      return all;
    },
  };
}

const expired = 'event: bye\ndata: {"reason":"expired","withinMs":0}\n\n';

describe("a revoked session", () => {
  it("is known to all servers, and to those that come later", async () => {
    const [here, there] = [new RevokedSessions(), new RevokedSessions()];
    await here.revoke("one:with:colons", inAnHour());
    const later = new RevokedSessions();
    await later.load();
    for (const server of [here, there, later]) {
      expect(server.has({ id: "one:with:colons" })).toBe(true);
      expect(server.has({ id: "another" })).toBe(false);
    }
  });

  it("ends its streams, and no other", async () => {
    const [one, two] = [await openStream("one"), await openStream("two")];
    await new RevokedSessions().revoke("one", inAnHour());
    expect([streamCountOf("one"), streamCountOf("two")]).toEqual([1, 1]);
    vi.advanceTimersByTime(300);
    expect([streamCountOf("one"), streamCountOf("two")]).toEqual([0, 1]);
    expect(await one.rest()).toContain(expired);
    expect(await two.text()).not.toContain("bye");
  });

  it("gets no new stream", async () => {
    await revokedSessions().revoke("one", inAnHour());
    expect(await (await openStream("one")).rest()).toContain(expired);
    expect(streamCountOf("one")).toBe(0);
  });

  it("gets no new stream when its browser has signed in or out", async () => {
    await revokedSessions().end({ id: "one", chain: "browser", generation: 0 }, inAnHour());
    expect(await (await openStream("one")).rest()).toContain(expired);
    expect(streamCountOf("one")).toBe(0);
  });

  it("stays ended for as long as its cookie lives, however short the sessions after it are", async () => {
    const server = new RevokedSessions();
    const [long, short, shorter] = [0, 1, 2].map((generation) => ({
      id: `of ${generation}`,
      chain: "browser",
      generation,
    })) as [ChainedSession, ChainedSession, ChainedSession];
    await server.end(long, Date.now() + 48 * hourMs);
    await server.end(short, inAnHour());
    const other = new RevokedSessions();
    await other.load();
    await other.end(shorter, inAnHour());
    vi.advanceTimersByTime(24 * hourMs);
    await server.revoke("another", inAnHour());
    const later = new RevokedSessions();
    await later.load();
    for (const each of [server, later])
      expect([long, short, shorter].map((session) => each.has(session))).toEqual([true, true, true]);
    expect(await backend.keys("\0server:ended:")).toHaveLength(1);
    vi.advanceTimersByTime(48 * hourMs);
    await server.revoke("the last", inAnHour());
    expect(server.has(long)).toBe(false);
    await new RevokedSessions().load();
    expect(await backend.keys("\0server:ended:")).toHaveLength(0);
  });

  it("is forgotten when it would have expired, in storage too", async () => {
    const server = new RevokedSessions();
    await server.revoke("old", inAnHour());
    vi.advanceTimersByTime(3 * hourMs);
    await server.revoke("new", inAnHour());
    expect([server.has({ id: "old" }), server.has({ id: "new" })]).toEqual([false, true]);
    const next = new RevokedSessions();
    await next.load();
    expect([next.has({ id: "old" }), next.has({ id: "new" })]).toEqual([false, true]);
    expect(await backend.keys("\0server:revoked:")).toHaveLength(1);
  });

  it("is no signal of the app: nobody lists or clears it", async () => {
    const server = new RevokedSessions();
    await server.revoke("one", inAnHour());
    await namespace("app").signal("counter", 0).set(1);
    expect(await root.keys()).toEqual(["app:counter"]);
    await root.clear();
    const next = new RevokedSessions();
    await next.load();
    expect(next.has({ id: "one" })).toBe(true);
  });
});

describe("a server", () => {
  it("asks again when the actor has another history, and after a failure", async () => {
    const listeners: ((change: Change) => void)[] = [];
    vi.spyOn(backend, "onChange").mockImplementation((listener) => {
      listeners.push(listener);
      return () => {};
    });
    const server = new RevokedSessions();
    await server.load();
    await new RevokedSessions().revoke("missed", inAnHour());
    expect(server.has({ id: "missed" })).toBe(false);
    vi.spyOn(backend, "keys").mockRejectedValueOnce(new Error("away"));
    listeners[0]!({ keys: [], version: { epoch: "other", seq: 0 } });
    await expect(server.load()).rejects.toThrow("away");
    await server.load();
    expect(server.has({ id: "missed" })).toBe(true);
  });

  it("starts nothing by being asked before it is connected", () => {
    vi.spyOn(backend, "status", "get").mockReturnValue("idle");
    const keys = vi.spyOn(backend, "keys");
    expect(new RevokedSessions().has({ id: "one" })).toBe(false);
    expect(keys).not.toHaveBeenCalled();
  });
});
