import type { ActorService } from "../../src/rivetkit/actor/actor-service.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup, UserError } from "rivetkit";
import { createClient } from "rivetkit/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { namespace, type Signal } from "../../src/index.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import {
  createReactiveStateActor,
  type HookContext,
  initReactiveBackend,
  issueToken,
  type ReactiveBackend,
  type ReactiveStateActorHooks,
  rivetClientOptions,
  withContext,
  withoutHooks,
} from "../../src/rivetkit/index.ts";
import { caught, codeOf } from "../support/caught.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-calling-hooks-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

type AppContext = { userId: string };
type Calls = Record<string, (...args: unknown[]) => Promise<unknown>>;
type Handle = Calls & { connect(): Calls & { dispose(): Promise<void> } };

let backends: Record<"roles" | "loops" | "slow" | "called" | "asked", ReactiveBackend>;
let roleOf: (userId: string) => Signal<string>;
let looping: Signal<string>;
let release = (): void => {};
const released = new Promise<void>((resolve) => (release = resolve));

/** How a hook calls through the client that RivetKit gives it. */
const ways: Record<string, (c: HookContext, actorName: string) => Calls | Promise<Calls>> = {
  "a handle": (c, actorName) => clientOf(c)[actorName]!.getOrCreate(["global"]),
  "a handle with params": (c, actorName) =>
    clientOf(c)[actorName]!.getOrCreate(["global"], { params: { of: "the app" } }),
  "a handle by the client's own method": (c, actorName) =>
    clientOf(c)["getOrCreate"]!(actorName, ["global"]) as unknown as Calls,
  "a handle by id": (c, actorName) => clientOf(c)[actorName]!.getForId(c.actorId),
  "handle.action": (c, actorName) => {
    const handle = clientOf(c)[actorName]!.getOrCreate(["global"]);
    return new Proxy(
      {},
      {
        get: (_, name: string) =>
          name === "then" ? undefined : (...args: unknown[]) => handle["action"]!({ name, args }),
      },
    );
  },
  "a connection": (c, actorName) => {
    const connection = clientOf(c)[actorName]!.getOrCreate(["global"]).connect();
    onTestFinished(() => connection.dispose());
    return connection;
  },
  "a connection that is kept": (c, actorName) => {
    kept ??= clientOf(c)[actorName]!.getOrCreate(["global"]).connect();
    return kept;
  },
};
let kept: ReturnType<Handle["connect"]> | undefined;
let way: keyof typeof ways = "a handle";
let asked: string[] = [];
let isEager = true;
let connectCount = 0;

function clientOf(c: HookContext): typeof clients & { getOrCreate(actorName: string, key: string[]): Handle } {
  return c.client() as never;
}

/** They call back through `way` while `isEager`. */
function callingHooks(): ReactiveStateActorHooks<AppContext> {
  const call = async (c: HookContext, name: string, params: { key: string; value?: unknown }): Promise<unknown> => {
    asked.push(`${name} ${params.key}`);
    if (!isEager) return undefined;
    const callee = await ways[way]!(c, params.key.includes("other") ? "asked" : "called");
    if (name !== "setSignal") return callee[name]!(params.key);
    // Both forms in which an action takes what it is given.
    return asked.length % 2 === 0
      ? callee[name]!(params.key, params.value)
      : callee[name]!({ key: params.key, value: params.value });
  };
  return {
    getSignal: async (c, params, next) => (await call(c, "getSignal", params)) ?? next(params),
    setSignal: async (c, params, next) => (await call(c, "setSignal", params), next(params)),
    deleteSignal: async (c, params, next) => (await call(c, "deleteSignal", params), next(params)),
  };
}

const registry = setup({
  use: {
    roles: createReactiveStateActor<AppContext>({
      getSignal: async (_, params, next) => {
        const role = await withoutHooks(() => roleOf(params.userId ?? "").get());
        if (role === "nobody") throw new UserError("Only members read.");
        return next(params);
      },
      setSignal: async (_, params, next) => {
        const role = await withoutHooks(() => roleOf(params.userId ?? "").get());
        if (role !== "editor") throw new UserError("Only editors write.");
        return next(params);
      },
    }),
    loops: createReactiveStateActor<AppContext>({
      getSignal: async (_, params, next) =>
        (await looping.get({ context: { userId: "system" } })) === "open" ? next(params) : undefined,
      setSignal: async (_, params, next) => {
        await looping.set("again", { context: { userId: "system" } });
        return next(params);
      },
    }),
    called: createReactiveStateActor<AppContext>(callingHooks()),
    asked: createReactiveStateActor<AppContext>({ getSignal: callingHooks().getSignal! }),
    connects: createReactiveStateActor({
      onConnect: async (c) => {
        if (!c.conn) return;
        connectCount += 1;
        await clientOf(c)["connects"]!.getOrCreate(["global"]).getSignal!("app:text");
      },
      getSignal: (_, params, next) => next(params),
    }),
    slow: createReactiveStateActor({
      setSignal: async (_, params, next) => {
        if (params.key.endsWith("slow")) await released;
        return next(params);
      },
      clear: (_, params, next) => next(params),
    }),
  },
});

let clients: Record<
  string,
  { getOrCreate(key: string[], options?: { params: unknown }): Handle; getForId(actorId: string): Handle }
>;

beforeAll(async () => {
  const open = (actorName: string): ReactiveBackend => initReactiveBackend({ registry, actorName, global: false });
  backends = {
    roles: open("roles"),
    loops: open("loops"),
    slow: open("slow"),
    called: open("called"),
    asked: open("asked"),
  };
  roleOf = namespace("role", { backend: backends.roles }).family((userId: string) => ({
    key: userId || "none",
    default: "nobody",
  }));
  looping = namespace("app", { backend: backends.loops }).signal("gate", "closed");
  await host().start();
  clients = createClient({ ...(await rivetClientOptions()), disableMetadataLookup: true }) as unknown as typeof clients;
});

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const doors = ["server code", "a RivetKit client over HTTP", "a RivetKit client over a WebSocket"] as const;

/** Reads and writes `app:text` of an actor as somebody. */
async function enter(door: (typeof doors)[number], actorName: keyof typeof backends, userId: string) {
  const text = namespace("app", { backend: backends[actorName] }).signal("text", "");
  if (door === "server code") {
    const as = <T>(fn: () => T): T => withContext({ userId }, fn);
    return { get: () => as(() => text.get()), set: (value: string) => as(() => text.set(value)) };
  }
  const token = await issueToken({ userId }, { backend: backends[actorName] });
  const handle = clients[actorName]!.getOrCreate(["global"], { params: { token } });
  if (door.endsWith("HTTP"))
    return { get: () => handle.getSignal!("app:text"), set: (value: string) => handle.setSignal!("app:text", value) };
  const connection = handle.connect();
  onTestFinished(() => connection.dispose());
  return {
    get: () => connection.getSignal!("app:text"),
    set: (value: string) => connection.setSignal!("app:text", value),
  };
}

describe.each(doors)("through %s", (door) => {
  it("a hook finds the role of who asks in a signal", async () => {
    await giveRole("ada", "editor");
    await giveRole("bob", "reader");
    const [ada, bob, eve] = await Promise.all(["ada", "bob", "eve"].map((userId) => enter(door, "roles", userId)));
    await ada!.set(`by ada, ${door}`);
    expect(await bob!.get()).toBe(`by ada, ${door}`);
    expect((await caught(() => bob!.set("by bob"))) as Error).toHaveProperty(
      "message",
      expect.stringContaining("Only editors write."),
    );
    expect((await caught(() => eve!.get())) as Error).toHaveProperty(
      "message",
      expect.stringContaining("Only members read."),
    );
  });

  it("hooks that ask for themselves end at once", async () => {
    const ada = await enter(door, "loops", "ada");
    expect(await codeOf(() => ada.get())).toBe("HOOK_LOOP");
    expect(await codeOf(() => ada.set("x"))).toBe("HOOK_LOOP");
  });
});

describe.each(Object.keys(ways))("a hook that calls its own actor through %s of c.client()", (of) => {
  const app = () => namespace("app", { backend: backends.called });

  beforeEach(() => {
    [way, asked, isEager] = [of, [], true];
    onTestFinished(async () => {
      const connection = kept;
      kept = undefined;
      await connection?.dispose();
    });
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      "getSignal",
      () =>
        app()
          .signal("text", "")
          .get({ context: { userId: "ada" } }),
    ],
    [
      "setSignal",
      () =>
        app()
          .signal("text", "")
          .set("x", { context: { userId: "ada" } }),
    ],
    [
      "deleteSignal",
      () =>
        app()
          .signal("text", "")
          .delete({ context: { userId: "ada" } }),
    ],
  ])("ends at once, and names both hooks: %s", async (name, act) => {
    const error = (await caught(act)) as Error;
    expect(error).toMatchObject({ code: "HOOK_LOOP" });
    expect(error.message).toContain(`${name} of "app:text" → ${name} of "app:text"`);
    expect(asked.length).toBeLessThan(6);
    isEager = false;
    await act();
  });

  it("ends at once in another actor, which it calls", async () => {
    const error = (await caught(() =>
      app()
        .signal("other", "")
        .get({ context: { userId: "ada" } }),
    )) as Error;
    expect(error).toMatchObject({ code: "HOOK_LOOP" });
    expect(error.message).toContain('getSignal of "app:other" → getSignal of "app:other"');
    expect(asked.length).toBeLessThan(6);
  });

  it("ends for a RivetKit client, which is not told of the app's hooks", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const ada = await enter("a RivetKit client over HTTP", "called", "ada");
    const error = (await caught(() => ada.set("x"))) as Error;
    expect(error).toMatchObject({ code: "HOOK_LOOP" });
    expect(error.message).not.toContain("app:text");
    expect(logged.mock.calls.flat().join(" ")).toContain('setSignal of "app:text" → setSignal of "app:text"');
  });

  it("may call once more, with all that it passes", async () => {
    const value = { text: "x", list: [1, 2] };
    const forwarded = app().signal<typeof value | null>(`forwarded ${of}`, null);
    const stop = vi.spyOn(asked, "push").mockImplementation((...items) => {
      // The hook of its own call lets it pass.
      isEager = asked.length === 0;
      return Array.prototype.push.apply(asked, items);
    });
    onTestFinished(() => stop.mockRestore());
    await forwarded.set(value, { context: { userId: "ada" } });
    expect(await forwarded.get({ context: { userId: "ada" } })).toEqual(value);
    expect(asked.filter((name) => name.startsWith("setSignal"))).toHaveLength(2);
  });
});

it("an onConnect hook that connects to its own actor ends at once", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());
  const handle = clients["connects"]!.getOrCreate(["global"]);
  expect(await codeOf(() => handle.getSignal!("app:text"))).toBe("HOOK_LOOP");
  expect(connectCount).toBeLessThan(6);
  expect(logged.mock.calls.flat().join(" ")).toContain(
    'onConnect of "connects/global" → onConnect of "connects/global"',
  );
});

it("hooks that a client makes up are no hooks", async () => {
  [asked, isEager] = [[], false];
  const handle = clients["called"]!.getOrCreate(["global"], { params: { kawaHooks: "made up" } });
  await handle.setSignal!("app:made-up", { kawaHooks: "made up" });
  expect(await handle.getSignal!("app:made-up")).toEqual({ kawaHooks: "made up" });
});

it("a slow hook and a clear hold up no other write of the namespace", async () => {
  const app = namespace("app", { backend: backends.slow });
  const done: string[] = [];
  const note = (name: string, work: Promise<unknown>): Promise<unknown> => work.then(() => done.push(name));
  const slow = [note("slow", app.signal("slow", 0).set(1)), note("clear", app.clear())];
  await note("fast", app.signal("fast", 0).set(1));
  await note(
    "other",
    app.signal("other", 0).update((n) => n + 1),
  );
  expect(done).toEqual(["fast", "other"]);
  release();
  await Promise.all(slow);
  expect(await app.keys()).toEqual(["fast", "other"]);
});

/** As the app's own administration does, past the hooks: it is the first editor. */
async function giveRole(userId: string, role: string): Promise<void> {
  const { hostedServices } = await import("../../src/rivetkit/wire/hosted-services.ts");
  await backends.roles.load([]);
  const services = [...hostedServices.values()] as ActorService[];
  const service = services.find(({ context }) => context.name === "roles")!;
  await service.store.write({
    number: 0,
    settled: 0,
    writes: [{ key: `role:${userId}`, text: JSON.stringify([role]) }],
  });
}
