import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { setup, UserError } from "rivetkit";
import { createClient } from "rivetkit/client";
import { type Context, isKawaError, namespace, publicMessage } from "../../src/index.ts";
import type { EngineTarget } from "../../src/rivetkit/settings/engine-target.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import {
  createReactiveStateActor,
  initReactiveBackend,
  issueToken,
  type ReactiveBackend,
  reactiveStateActor,
  rivetClientOptions,
  withContext,
} from "../../src/rivetkit/index.ts";
import { auditedActor, namespaceActor, rateLimitedActor } from "../support/spec-hooks.ts";
import { caught, codeOf } from "../support/caught.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-hooks-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

const connected: string[] = [];

/** "Basic Example" of the documentation. */
const secureActor = createReactiveStateActor({
  onConnect: (c) => void connected.push(c.actorId),
  beforeAction: async (c, params, next) => {
    if (!params.userId) {
      throw new Error("Authentication required");
    }
    return await next(params);
  },
});

/** "Available Hooks": only admins write below `admin:`. */
const adminActor = createReactiveStateActor({
  setSignal: async (c, params, next) => {
    if (params.key.startsWith("admin:") && !params.isAdmin) {
      throw new Error("Admin access required");
    }
    return await next(params);
  },
});

/** Everything is open to everybody, and answers who they are. */
const openActor = createReactiveStateActor({
  beforeAction: (c, params, next) => next(params),
  getSignal: async (c, params, next) =>
    params.key === "who" ? { userId: params.userId, isAdmin: params.isAdmin } : next(params),
  deleteSignal: () => {
    throw new UserError("The shop is closed today", { code: "shop_closed", metadata: { until: "monday" } });
  },
  clear: () => {
    throw new Error("internal: db-7 is down");
  },
});

const registry = setup({
  use: {
    reactiveState: reactiveStateActor,
    secure: secureActor,
    admin: adminActor,
    namespaced: namespaceActor,
    rateLimited: rateLimitedActor,
    audited: auditedActor,
    open: openActor,
  },
});

type Handle = { connect(): Connection; fetch(path: string): Promise<Response> } & Record<
  string,
  (...args: unknown[]) => Promise<unknown>
>;
type Connection = { dispose(): Promise<void> } & Record<string, (...args: unknown[]) => Promise<unknown>>;
type Clients = Record<string, { getOrCreate(key: string[], options?: { params: unknown }): Handle }>;

let target: EngineTarget;
let clients: Clients;
const backends = new Map<string, ReactiveBackend>();

beforeAll(async () => {
  for (const actorName of Object.keys(registry.config.use)) {
    backends.set(actorName, initReactiveBackend({ registry, actorName, global: false }));
  }
  target = await host().start();
  clients = createClient(await rivetClientOptions()) as unknown as Clients;
});

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});

afterEach(() => vi.restoreAllMocks());

const backendOf = (actorName: string): ReactiveBackend => backends.get(actorName)!;
const clientOf = (actorName: string, params?: unknown): Handle =>
  clients[actorName]!.getOrCreate(["global"], params === undefined ? undefined : { params });
const tokenFor = async (actorName: string, context: Context, expiresInMs = 60_000) => ({
  token: await issueToken(context, { expiresInMs, backend: backendOf(actorName) }),
});
const user = (userId: string, more: object = {}): { context: Context } => ({ context: { userId, ...more } });

describe("the basic example", () => {
  it("refuses who has no userId, and lets pass who has one", async () => {
    const theme = namespace("app", { backend: backendOf("secure") }).signal("theme", "dark");
    const error = await caught(() => theme.set("light"));
    expect(isKawaError(error, "ACTION_REFUSED")).toBe(true);
    expect((error as Error).message).toContain("Authentication required");
    await theme.set("light", user("ada"));
    expect(await theme.get(user("bob"))).toBe("light");
    expect(await codeOf(() => theme.get())).toBe("ACTION_REFUSED");
    expect(await withContext({ userId: "ada" }, () => theme.update((now) => `${now}er`))).toBe("lighter");
    await theme.delete(user("ada"));
    expect(await theme.get(user("ada"))).toBe("dark");
  });

  it("is told who connects", async () => {
    connected.length = 0;
    await clientOf("secure", await tokenFor("secure", { userId: "ada" })).getSignal!("k");
    expect(connected.length).toBeGreaterThan(0);
    expect(connected.every((actorId) => typeof actorId === "string" && actorId !== "")).toBe(true);
  });
});

describe("the admin example", () => {
  it("lets only admins write below admin:", async () => {
    const { signal } = namespace("admin", { backend: backendOf("admin") });
    const flag = signal("flag", false);
    expect(await codeOf(() => flag.set(true, user("ada")))).toBe("ACTION_REFUSED");
    expect(await flag.get()).toBe(false);
    await flag.set(true, user("root", { isAdmin: true }));
    expect(await flag.get()).toBe(true);
    await namespace("all", { backend: backendOf("admin") })
      .signal("flag", false)
      .set(true);
  });
});

describe("the namespace example", () => {
  it("lets users write in their own namespace, and lists them their own signals", async () => {
    const users = namespace("user", { backend: backendOf("namespaced") });
    const name = users.family((id: string) => ({ key: `${id}:name`, default: "" }));
    await name("ada").set("Ada", user("ada"));
    await name("bob").set("Bob", user("bob"));
    const error = await caught(() => name("ada").set("Eve", user("bob")));
    expect((error as Error).message).toContain("Can only set signals in your own namespace");
    expect(await users.keys(user("ada"))).toEqual(["ada:name"]);
    expect([...(await users.entries(user("bob")))]).toEqual([["bob:name", "Bob"]]);
    expect(await users.keys()).toEqual([]);
  });

  it("does so for RivetKit clients with a token, and closes what it says nothing about", async () => {
    const ada = clientOf("namespaced", await tokenFor("namespaced", { userId: "ada" }));
    await ada.setSignal!("user:ada:city", "Delft");
    expect(await codeOf(() => ada.setSignal!({ key: "user:bob:city", value: "Delft", userId: "bob" }))).toBe(
      "ACTION_REFUSED",
    );
    expect(await ada.getAllSignals!()).toMatchObject({ signals: { "user:ada:city": "Delft" } });
    for (const [action, ...args] of [
      ["getSignal", "user:ada:city"],
      ["deleteSignal", "user:ada:city"],
      ["clear"],
      ["registerStream", "s"],
    ] as const) {
      expect(await codeOf(() => ada[action]!(...args))).toBe("UNAUTHORIZED");
    }
  });
});

describe("the rate limit example", () => {
  it("lets 100 writes a minute of each user pass", async () => {
    const count = namespace("n", { backend: backendOf("rateLimited") }).signal("count", 0);
    for (let n = 1; n <= 100; n += 1) await count.set(n, user("ada"));
    const error = await caught(() => count.set(101, user("ada")));
    expect((error as Error).message).toContain("Rate limit exceeded");
    expect(await count.get()).toBe(100);
    await count.set(102, user("bob"));
    expect(await count.get()).toBe(102);
  });
});

describe("the audit example", () => {
  it("logs each action with who did it and whether it succeeded", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const logError = vi.spyOn(console, "error").mockImplementation(() => {});
    const client = clientOf("audited", await tokenFor("audited", { userId: "ada" }));
    await client.setSignal!("k", 1);
    await codeOf(() => client.setSignal!("a::b", 1));
    const entries = log.mock.calls
      .map(([entry]) => entry as Record<string, unknown>)
      .filter((entry) => entry["userId"] === "ada");
    expect(entries).toEqual([
      { timestamp: expect.any(String), userId: "ada", success: true, duration: expect.any(Number) },
    ]);
    const failures = logError.mock.calls
      .map(([entry]) => entry as unknown)
      .filter((entry) => typeof entry === "object");
    expect(failures).toMatchObject([{ userId: "ada", success: false, error: expect.stringContaining("KEY_INVALID") }]);
  });
});

describe("a RivetKit client", () => {
  const viaHttp = clientOf;
  const attempts: [
    string,
    (handle: Handle) => { call: Record<string, (...args: unknown[]) => Promise<unknown>>; end(): Promise<void> },
  ][] = [
    ["over HTTP", (handle) => ({ call: handle, end: async () => {} })],
    [
      "over connect()",
      (handle) => {
        const connection = handle.connect();
        return { call: connection, end: () => connection.dispose() };
      },
    ],
  ];

  it.each(attempts)("acts as nobody, whatever it says it is, %s", async (_, open) => {
    const claims = { userId: "root", isAdmin: true, context: { isAdmin: true }, action: "who" };
    const { call, end } = open(viaHttp("open", claims));
    expect(await call.getSignal!({ key: "who", ...claims })).toEqual({ userId: undefined, isAdmin: undefined });
    await end();
  });

  it.each(attempts)("acts as the token says, %s", async (_, open) => {
    const { call, end } = open(viaHttp("open", { ...(await tokenFor("open", { userId: "ada" })), userId: "root" }));
    expect(await call.getSignal!({ key: "who", userId: "root" })).toEqual({ userId: "ada", isAdmin: undefined });
    await end();
  });

  it("performs every action in both forms", async () => {
    const client = viaHttp("open");
    expect(await client.setSignal!("a", { n: 1 })).toEqual({ n: 1 });
    expect(await client.setSignal!({ key: "b", value: new Date(0) })).toEqual(new Date(0));
    expect(await client.getSignal!("a")).toEqual({ n: 1 });
    expect(await client.getSignal!({ key: "b" })).toEqual(new Date(0));
    expect(await client.getSignal!("nothing")).toBeUndefined();
    expect(await client.getAllSignals!()).toEqual({ signals: { a: { n: 1 }, b: new Date(0) } });
    expect(await client.getAllSignals!({ prefix: "a" })).toEqual({ signals: { a: { n: 1 } } });
    expect(await client.registerStream!("ticker")).toEqual({ produce: true });
    expect(await client.registerStream!({ scope: "ticker" })).toEqual({ produce: expect.any(Boolean) });
    await client.updateStream!("ticker", 7);
    expect(await client.getStream!("ticker")).toBe(7);
    expect(await client.updateStream!({ scope: "ticker", value: 8 })).toBe(8);
    expect(await client.getAllStreams!()).toEqual({ streams: { ticker: 8 } });
    expect(await client.getAllSignals!()).not.toHaveProperty("signals.ticker");
    expect(await client.deleteStream!("ticker")).toBe(true);
    expect(await client.getStream!({ scope: "ticker" })).toBeUndefined();
    await client.unregisterStream!("ticker");
  });

  it("and signals of this app share the values", async () => {
    const shared = namespace("shared", { backend: backendOf("open") }).signal("value", 0);
    await viaHttp("open").setSignal!("shared:value", 5);
    expect(await shared.get()).toBe(5);
    await shared.set(6);
    expect(await viaHttp("open").getSignal!("shared:value")).toBe(6);
  });

  it.each(attempts)("learns what was thrown as public, and nothing else, %s", async (_, open) => {
    const { call, end } = open(viaHttp("open"));
    expect(await caught(() => call.deleteSignal!("k"))).toMatchObject({
      code: "shop_closed",
      message: "The shop is closed today",
      metadata: { until: "monday" },
    });
    const error = await caught(() => call.clear!());
    expect(error).toMatchObject({ code: "ACTION_REFUSED", message: "The action was refused." });
    expect(await caught(() => call.setSignal!("a::b", 1))).toMatchObject({
      code: "KEY_INVALID",
      message: expect.stringContaining("empty segment"),
    });
    expect(await codeOf(() => call.setSignal!("k", "x".repeat(60_000)))).toBeUndefined();
    await end();
  });

  it("server code is told both, and which of them may be shown", async () => {
    const { signal, clear } = namespace("x", { backend: backendOf("open") });
    const closed = await caught(() => signal("k", 0).delete());
    expect(closed).toMatchObject({ code: "ACTION_REFUSED", data: { isPublic: true } });
    expect(publicMessage(closed)).toBe("The shop is closed today");
    const down = await caught(() => clear());
    expect((down as Error).message).toContain("internal: db-7 is down");
    expect(publicMessage(down, "Sorry.")).toBe("Sorry.");
  });

  it.each([
    ["forged", async () => ({ token: "eyJhIjoxfQ.AAAA" })],
    ["of another use", async () => ({ token: `${Date.now() + 60_000}.AAAA` })],
    ["no text", async () => ({ token: { isAdmin: true } })],
    ["changed", async () => ({ token: (await tokenFor("open", { userId: "ada" })).token.replace(/^./, "X") })],
    ["for another actor", () => tokenFor("audited", { userId: "ada" })],
    [
      "expired",
      () => tokenFor("open", { userId: "ada" }, 1).then((params) => new Promise((ok) => setTimeout(ok, 20, params))),
    ],
  ])("whose token is %s is refused", async (_, params) => {
    expect(await codeOf(async () => viaHttp("open", await params()).getSignal!("who"))).toBe("UNAUTHORIZED");
  });

  it("is refused once its token has expired, also on a connection that is open", async () => {
    const connection = viaHttp("open", await tokenFor("open", { userId: "ada" }, 1_500)).connect();
    expect(await connection.getSignal!("who")).toMatchObject({ userId: "ada" });
    await vi.waitFor(async () => expect(await codeOf(() => connection.getSignal!("who"))).toBe("UNAUTHORIZED"), {
      timeout: 20_000,
      interval: 200,
    });
    await connection.dispose();
  });
});

describe("an actor without hooks", () => {
  it.each([
    "getSignal",
    "setSignal",
    "deleteSignal",
    "getAllSignals",
    "getStream",
    "updateStream",
    "deleteStream",
    "getAllStreams",
    "registerStream",
    "unregisterStream",
    "clear",
  ])("refuses %s of a client, with a token too", async (action) => {
    await backendOf("reactiveState").set("k", "secret");
    expect(await codeOf(() => clientOf("reactiveState")[action]!("k", "hacked"))).toBe("UNAUTHORIZED");
    expect(
      await codeOf(async () =>
        clientOf("reactiveState", await tokenFor("reactiveState", { isAdmin: true }))[action]!("k", "hacked"),
      ),
    ).toBe("UNAUTHORIZED");
    expect(await backendOf("reactiveState").keys("")).toContain("k");
  });

  it("tells a stranger with curl nothing", async () => {
    const actorUrl = `${target.endpoint}/gateway/reactiveState/action/getSignal?rvt-namespace=${target.namespace}&rvt-method=getOrCreate&rvt-key=global`;
    const response = await fetch(actorUrl, {
      method: "POST",
      headers: { "x-rivet-encoding": "json", "content-type": "application/json" },
      body: JSON.stringify({ args: ["k"] }),
    });
    expect(response.ok).toBe(false);
    expect(await response.text()).not.toContain("secret");
  });
});
