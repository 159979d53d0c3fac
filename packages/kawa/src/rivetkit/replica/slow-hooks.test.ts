import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { backendOf, type Place } from "../../../test/support/backend-of.ts";
import { deferred } from "../wire/deferred.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import type { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => hostedServices.clear());

/** Lets everything pass, what has `slow` in its key or value only when it is released. */
function createSlowHooks() {
  const gate = deferred<void>();
  const asked: string[] = [];
  const pass = async <P extends { action: string; key?: string; prefix?: string }, R>(
    _: unknown,
    params: P,
    next: (params: P) => Promise<R>,
  ): Promise<R> => {
    asked.push(`${params.action} ${params.key ?? params.prefix}`);
    if ((params.key ?? params.prefix ?? "").includes("slow")) await gate.promise;
    return next(params);
  };
  return { asked, release: () => gate.resolve(), pass };
}

async function start(hooks: ReactiveStateActorHooks, place: Place): Promise<RivetBackend> {
  actor = new FakeActor(hooks);
  const backend = await backendOf(actor, place);
  await backend.load([]);
  return backend;
}

const isOpen = async (work: Promise<unknown>): Promise<boolean> => {
  const open = {};
  const turns = (async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    return open;
  })();
  return (await Promise.race([work, turns])) === open;
};

describe.each<Place>(["beside the actor", "in another process"])("while a hook is slow, %s,", (place) => {
  describe.each([
    [
      "setSignal",
      (hooks: ReturnType<typeof createSlowHooks>) => ({
        setSignal: hooks.pass,
        deleteSignal: hooks.pass,
        clear: hooks.pass,
      }),
    ],
    ["beforeAction", (hooks: ReturnType<typeof createSlowHooks>) => ({ beforeAction: hooks.pass as never })],
  ])("%s", (_, hooksOf) => {
    it("a clear of its namespace holds up no other write, and none of its own order is lost", async () => {
      const hooks = createSlowHooks();
      const backend = await start(hooksOf(hooks), place);
      await backend.set("app:old", 1);
      const slow = backend.set("app:slow", 1);
      const cleared = backend.clear("app:");
      await backend.set("app:fast", 2);
      await backend.update("app:counter", () => 3);
      await backend.delete("app:fast");
      await backend.set("app:fast", 4);
      await backend.set("other", 5);
      expect(await isOpen(slow)).toBe(true);
      expect([...(await backend.entries(""))]).toEqual([
        ["app:counter", 3],
        ["app:fast", 4],
        ["other", 5],
      ]);
      hooks.release();
      await Promise.all([slow, cleared]);
      expect(await backend.keys("app:")).toEqual(["app:counter", "app:fast"]);
      expect(hooks.asked.filter((each) => each.startsWith("clear"))).toHaveLength(1);
    });

    it("what is written to its key after the clear comes after it", async () => {
      const hooks = createSlowHooks();
      const backend = await start(hooksOf(hooks), place);
      const writes = [
        backend.set("app:slow", "first"),
        backend.clear("app:"),
        backend.update("app:slow", (entry) => (entry.state === "present" ? "it was not cleared" : "second")),
        backend.clear(""),
        backend.set("app:slow", "third"),
      ];
      await backend.set("app:fast", 1);
      hooks.release();
      await Promise.all(writes);
      expect([...(await backend.entries(""))]).toEqual([
        ["app:fast", 1],
        ["app:slow", "third"],
      ]);
    });

    it("an update before the clear sees what was there, and a clear of everything deletes what it made", async () => {
      const hooks = createSlowHooks();
      const backend = await start(hooksOf(hooks), place);
      await actor.store.write({ number: 0, settled: 0, writes: [{ key: "app:slow", text: "[1]" }] });
      const updated = backend.update("app:slow", (entry) => [entry.state === "present" ? entry.value : "nothing"]);
      const cleared = backend.clear("");
      await backend.set("x", 1);
      hooks.release();
      expect(await updated).toEqual([1]);
      await cleared;
      expect(await backend.keys("")).toEqual(["x"]);
    });

    it("a slow clear holds up only what it clears", async () => {
      const hooks = createSlowHooks();
      const backend = await start(hooksOf(hooks), place);
      await actor.store.write({ number: 0, settled: 0, writes: [{ key: "a:slow-space:1", text: "[1]" }] });
      const cleared = backend.clear("a:slow-space:");
      const held = backend.set("a:slow-space:2", 2);
      await backend.set("a:other", 3);
      await backend.clear("a:oth");
      expect(await isOpen(held)).toBe(true);
      hooks.release();
      await Promise.all([cleared, held]);
      expect(await backend.keys("")).toEqual(["a:slow-space:2"]);
    });

    it("renewals, conditional writes and lists of other keys go on", async () => {
      const hooks = createSlowHooks();
      const backend = await start(hooksOf(hooks), place);
      await backend.set("room:a", 1, { ttlMs: 60_000 });
      const { seq } = (await backend.readerFor()).entry("room:a").peek();
      const slow = [backend.set("room:slow", 1, { ttlMs: 60_000 }), backend.clear("room:")];
      expect(await backend.renew("room:a")).toBe(false);
      expect(seq).toBeGreaterThanOrEqual(0);
      await backend.set("room:b", 1, { expect: 0 });
      await backend.delete("room:b");
      expect(await backend.keys("room:")).toEqual([]);
      hooks.release();
      await Promise.all(slow);
      expect(await backend.keys("room:")).toEqual([]);
    });
  });
});

describe.each<Place>(["beside the actor", "in another process"])("while a hook of reads is slow, %s,", (place) => {
  it("no write of another key waits until what follows the slow one is read again", async () => {
    const hooks = createSlowHooks();
    const backend = await start({ getSignal: hooks.pass }, place);
    const seen: unknown[] = [];
    onTestFinished(backend.entry("slow").subscribe((entry) => seen.push(entry.state)));
    void backend.set("slow", 1);
    await vi.waitFor(() => expect(hooks.asked).toContain("getSignal slow"));
    await backend.set("fast", 1);
    await backend.update("fast", () => 2);
    await backend.clear("fast");
    expect(seen).toEqual(["unknown"]);
    hooks.release();
    await vi.waitFor(() => expect(seen).toEqual(["unknown", "present"]));
  });

  it("a server connects, and follows what it had read before", async () => {
    const hooks = createSlowHooks();
    const backend = await start({ getSignal: hooks.pass }, place);
    onTestFinished(backend.entry("slow").subscribe(() => {}));
    onTestFinished(backend.entry("fast").subscribe(() => {}));
    actor.dropConnections();
    await vi.waitFor(() => expect(backend.status).toBe("connected"), { timeout: 10_000 });
    await backend.set("fast", 1);
    hooks.release();
    await vi.waitFor(() => expect(backend.entry("fast").peek()).toMatchObject({ state: "present", value: 1 }));
  });

  it("a list waits for it and asks about the other keys meanwhile", async () => {
    const hooks = createSlowHooks();
    const backend = await start({ getSignal: hooks.pass }, place);
    await actor.store.write({
      number: 0,
      settled: 0,
      writes: ["a-slow", "b", "c"].map((key) => ({ key, text: "[1]" })),
    });
    const listed = backend.keys("");
    await vi.waitFor(() => expect(hooks.asked).toEqual(["getSignal a-slow", "getSignal b", "getSignal c"]));
    await backend.set("d", 1);
    hooks.release();
    expect(await listed).toEqual(["a-slow", "b", "c"]);
  });
});

it("reads of one turn do not wait for a slow hook of one of them", async () => {
  const hooks = createSlowHooks();
  const backend = await start({ getSignal: hooks.pass }, "beside the actor");
  const reader = await backend.readerFor({ context: { userId: "ada" } });
  const slow = reader.load(["slow"]);
  await reader.load(["fast"]);
  expect(await isOpen(slow)).toBe(true);
  hooks.release();
  await slow;
});
