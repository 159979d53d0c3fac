import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { badTexts } from "../../../test/support/bad-texts.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import type { Backend } from "../../core/backend/backend.ts";
import { membersKey } from "../../core/backend/members.ts";
import { namespace } from "../../core/namespace.ts";
import type { HookContext, ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

/** Writes into the database by hand, and goes on as an actor that finds it so. */
async function store(rows: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const insert = actor.db.sqlite.prepare(
    "INSERT INTO signals (key, value, seq) VALUES (?, ?, 1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  for (const [key, text] of Object.entries(rows)) insert.run(key, text);
  await actor.restart();
}

let count = 0;

function createBackend(): Backend {
  count += 1;
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: `stored-${count}` });
  onTestFinished(() => backend.close());
  return backend;
}

const passing = { getSignal: (_: unknown, params: never, next: (params: never) => unknown) => next(params) };

beforeEach(async () => {
  shareSecret("a secret of the test");
  actor = new FakeActor();
  await actor.start();
  vi.spyOn(console, "error").mockImplementation(() => {});
});

describe.each([
  ["without hooks", {}],
  ["where hooks decide about reads", passing],
])("a stored text that is no value, %s", (_, hooks) => {
  beforeEach(() => (actor.hooks = hooks as never));

  it.each(badTexts)("is an error of its key alone, and can be replaced: %s", async (_, text) => {
    await store({ "app:bad": text, "app:good": "[1]" });
    const app = namespace("app", { backend: createBackend() });
    const [bad, good] = [app.signal("bad", 0), app.signal("good", 0)];
    expect(await caught(() => bad.get())).toMatchObject({ code: "VALUE_UNREADABLE", data: { key: "app:bad" } });
    expect(await codeOf(() => bad.update((n) => n + 1))).toBe("VALUE_UNREADABLE");
    expect(await good.get()).toBe(1);
    await bad.set(2);
    expect(await bad.get()).toBe(2);
  });

  it("can be deleted", async () => {
    await store({ "app:bad": "[[-7,4294967295]]" });
    const bad = namespace("app", { backend: createBackend() }).signal("bad", 5);
    await bad.delete();
    expect(await bad.get()).toBe(5);
  });
});

describe("a list with a stored text that is no value", () => {
  it("leaves it out, and the log says so once", async () => {
    await store({ "app:list-bad": "[[-7,4294967295]]", "app:list-good": "[1]" });
    const backend = createBackend();
    for (let round = 0; round < 3; round += 1)
      expect([...(await backend.entries("app:"))]).toEqual([["app:list-good", 1]]);
    expect(await backend.keys("app:")).toEqual(["app:list-bad", "app:list-good"]);
    const lines = vi
      .mocked(console.error)
      .mock.calls.map((call) => call.join(" "))
      .filter((line) => line.includes("app:list-bad"));
    expect(lines).toEqual([expect.stringContaining("VALUE_UNREADABLE")]);
  });

  it("leaves it out for RivetKit clients too", async () => {
    actor.hooks = { getAllSignals: (_, params, next) => next(params), getSignal: (_, params, next) => next(params) };
    await store({ "app:bad": "[[-7,4294967295]]", "app:good": "[1]" });
    const c = { actorId: "fake" } as HookContext;
    expect(await actor.service.clients.perform(c, { name: "getAllSignals", params: { prefix: "app:" } })).toEqual({
      signals: { "app:good": 1 },
    });
    expect(
      await codeOf(() => actor.service.clients.perform(c, { name: "getSignal", params: { key: "app:bad" } })),
    ).toBe("VALUE_UNREADABLE");
  });
});

describe("an actor", () => {
  it.each(["[[-7,4294967295]]", "[1]", '[{"ttlMs":1,"ids":1},"x"]', "hello"])(
    "starts with a list of members that is none: %s",
    async (text) => {
      await store({ [membersKey("room")]: text });
      expect([...actor.store.ephemeral.entries()]).toEqual([]);
      const backend = createBackend();
      await backend.set("room:a", 1, { ttlMs: 5_000 });
      expect(actor.store.ephemeral.ttlMsOf("room:a")).toBe(5_000);
    },
  );

  it("starts with a row that is no text", async () => {
    await store({ "app:bytes": new Uint8Array([1, 2]) });
    const bytes = namespace("app", { backend: createBackend() }).signal("bytes", 0);
    expect(await codeOf(() => bytes.get())).toBe("VALUE_UNREADABLE");
  });
});

describe("a hook that writes another value", () => {
  it("cannot write what is no value", async () => {
    actor.hooks = { setSignal: (_, params, next) => next({ ...params, value: new URL("http://127.0.0.1/") }) };
    const backend = createBackend();
    expect(await codeOf(() => backend.set("a", 1))).toBe("VALUE_UNSERIALIZABLE");
    expect(actor.store.get("a")?.text ?? null).toBeNull();
  });
});

describe("what a RivetKit client sends", () => {
  const c = { actorId: "fake" } as HookContext;

  it.each([
    ["a RegExp", /a/],
    ["an error", new Error("x")],
    [
      "a class instance",
      new (class Tag {
        value = 1;
      })(),
    ],
    ["a list with a hole", Object.assign([], { length: 2 })],
  ])("is refused before a hook sees it when it is no value: %s", async (_, value) => {
    const setSignal = vi.fn<NonNullable<ReactiveStateActorHooks["setSignal"]>>((__, params, next) => next(params));
    actor.hooks = { setSignal };
    expect(
      await codeOf(() => actor.service.clients.perform(c, { name: "setSignal", params: { key: "a", value } })),
    ).toBe("VALUE_UNSERIALIZABLE");
    expect(setSignal).not.toHaveBeenCalled();
  });

  it("is shown to hooks as it would be stored", async () => {
    const seen: unknown[] = [];
    actor.hooks = { setSignal: (_, params, next) => (seen.push(params.value), next(params)) };
    await actor.service.clients.perform(c, {
      name: "setSignal",
      params: { key: "a", value: { bytes: Buffer.from("abc") } },
    });
    expect(seen).toStrictEqual([{ bytes: new Uint8Array([97, 98, 99]) }]);
    expect((seen[0] as { bytes: Uint8Array }).bytes.buffer.byteLength).toBe(3);
  });
});
