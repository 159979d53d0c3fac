import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "rivetkit";
import { createClient } from "rivetkit/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { namespace } from "../../src/index.ts";
import { closeStreams } from "../../src/next/stream/open-streams.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import { initReactiveBackend, issueToken, type ReactiveBackend, withContext } from "../../src/rivetkit/index.ts";
import { type Browser, createBrowser } from "../support/browser.ts";
import { codeOf } from "../support/caught.ts";
import { auditedActor, basicActor, namespaceActor, rateLimitedActor } from "../support/spec-hooks.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-hook-examples-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

const registry = setup({
  use: { basic: basicActor, namespaced: namespaceActor, rateLimited: rateLimitedActor, audited: auditedActor },
});

type Calls = Record<string, (...args: unknown[]) => Promise<unknown>>;
type Handle = Calls & { connect(): Calls & { dispose(): Promise<void> } };

let clients: Record<string, { getOrCreate(key: string[], options?: { params: unknown }): Handle }>;

beforeAll(async () => {
  for (const actorName of Object.keys(registry.config.use))
    backends.set(actorName, initReactiveBackend({ registry, actorName, global: false }));
  const { endpoint, namespace: of } = await host().start();
  clients = createClient({ endpoint, namespace: of!, disableMetadataLookup: true }) as unknown as typeof clients;
});

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});

afterEach(() => {
  closeStreams();
  vi.restoreAllMocks();
});

const backends = new Map<string, ReactiveBackend>();

/** The signals of an app whose actor is one of the examples. */
function openApp(actorName: string) {
  const backend = backends.get(actorName)!;
  const user = namespace("user", { backend });
  const signals = {
    name: user.family((id: string) => ({ key: `${id}:name`, default: "" }), { expose: "write" }),
    tab: user.family((at: { id: string; tab: string }) => ({ key: `${at.id}:tab:${at.tab}`, default: "" }), {
      expose: "write",
      ttlMs: 600_000,
    }),
  };
  return { backend, user, signals, browser: createBrowser(signals) };
}

const as = <T>(userId: string | undefined, fn: () => T): T => withContext(userId === undefined ? {} : { userId }, fn);

const transports = [["over HTTP"], ["over a WebSocket"]] as const;
type Transport = (typeof transports)[number][0];

/** A RivetKit client, as nobody or as whom a token says. Whatever else it claims is no identity. */
async function connect(actorName: string, transport: Transport, userId?: string): Promise<Calls> {
  const claims = { userId: "root", isAdmin: true, origin: "server" };
  const params =
    userId === undefined
      ? claims
      : { ...claims, token: await issueToken({ userId }, { expiresInMs: 60_000, backend: backends.get(actorName)! }) };
  const handle = clients[actorName]!.getOrCreate(["global"], { params });
  if (transport === "over HTTP") return handle;
  const connection = handle.connect();
  onTestFinished(() => connection.dispose());
  return connection;
}

const writes = [
  ["setSignal", "user:ada:name", "Eve"],
  ["deleteSignal", "user:ada:name"],
  ["clear", "user:"],
  ["updateStream", "ticker", 1],
  ["deleteStream", "ticker"],
] as const;
const reads = [
  ["getSignal", "user:ada:name"],
  ["getAllSignals"],
  ["getStream", "ticker"],
  ["getAllStreams"],
  ["registerStream", "ticker"],
  ["unregisterStream", "ticker"],
] as const;
const actions = [...writes, ...reads];

/** Outcome of each action, by name. */
async function outcomes(
  calls: Calls,
  asked: readonly (readonly [string, ...unknown[]])[],
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, ...args] of asked) found[name] = (await codeOf(() => calls[name]!(...args))) ?? "done";
  return found;
}

const all = (outcome: string, of: readonly (readonly [string, ...unknown[]])[] = actions): Record<string, string> =>
  Object.fromEntries(of.map(([name]) => [name, outcome]));

/** What a browser can do with a name and a tab. */
async function attempts(browser: Browser, backend: ReactiveBackend, id: string): Promise<Record<string, unknown>> {
  const [name, tab] = [`user:${id}:name`, `user:${id}:tab:1`];
  return {
    set: await browser.set(name, "from a browser"),
    setExpecting: await browser.set(name, "not there", { expect: 999_999, isAgain: false }),
    get: await browser.get(name),
    follow: await browser.follow(name),
    renew: await browser.keep(tab, backend),
    remove: await browser.remove(name),
    removeAgain: await browser.remove(name, { isAgain: true, expect: 0 }),
    leave: await browser.remove(tab),
  };
}

const nothing = {
  set: "ACTION_REFUSED",
  setExpecting: "ACTION_REFUSED",
  renew: "ACTION_REFUSED",
  remove: "ACTION_REFUSED",
  removeAgain: "ACTION_REFUSED",
  leave: "ACTION_REFUSED",
};

describe("the basic example", () => {
  const { backend, user, signals, browser } = lazily(() => openApp("basic"));

  it("lets server code do everything as somebody, and nothing as nobody", async () => {
    const name = signals().name("ada");
    const everything = [
      () => name.set("Ada"),
      () => name.get(),
      () => name.update((now) => `${now}!`),
      () => user().keys(),
      () => name.delete(),
      () => user().clear(),
    ];
    for (const attempt of everything) {
      expect(await as(undefined, () => codeOf(attempt))).toBe("ACTION_REFUSED");
      expect(await as("ada", () => codeOf(attempt))).toBeUndefined();
    }
  });

  it("lets a browser do what is exposed as somebody, and nothing as nobody", async () => {
    await as("ada", async () => {
      await signals().name("ada").set("Ada");
      await signals().tab({ id: "ada", tab: "1" }).set("here");
    });
    expect(await as(undefined, () => attempts(browser(), backend(), "ada"))).toEqual({
      ...nothing,
      get: "none",
      follow: "none",
    });
    expect(await as("ada", () => attempts(browser(), backend(), "ada"))).toEqual({
      ...{
        set: "done",
        setExpecting: "conflict",
        get: "from a browser",
        follow: "from a browser",
        renew: "done",
        remove: "done",
        removeAgain: "done",
        leave: "done",
      },
    });
  });

  it.each(transports)(
    "lets a RivetKit client do everything with a token, and nothing without, %s",
    async (transport) => {
      await as("ada", () => signals().name("ada").set("Ada"));
      expect(await outcomes(await connect("basic", transport), actions)).toEqual(all("ACTION_REFUSED"));
      expect(await as("ada", () => signals().name("ada").get())).toBe("Ada");
      expect(await outcomes(await connect("basic", transport, "ada"), actions)).toEqual(all("done"));
    },
  );
});

describe("the namespace example", () => {
  const { backend, user, signals, browser } = lazily(() => openApp("namespaced"));

  beforeEach(async () => {
    for (const id of ["ada", "bob"]) {
      await as(id, () => signals().name(id).set(id));
      await as(id, () => signals().tab({ id, tab: "1" }).set("here"));
    }
  });

  it("lets server code write in the namespace of who acts, and list that", async () => {
    expect(await as("bob", () => codeOf(() => signals().name("ada").set("Bob")))).toBe("ACTION_REFUSED");
    expect(
      await as("bob", () =>
        codeOf(() =>
          signals()
            .name("ada")
            .update(() => "Bob"),
        ),
      ),
    ).toBe("ACTION_REFUSED");
    expect(await as("bob", () => codeOf(() => backend().renew("user:ada:tab:1")))).toBe("ACTION_REFUSED");
    expect(await as("ada", () => backend().renew("user:ada:tab:1"))).toBe(true);
    expect(await as("ada", () => user().keys())).toEqual(["ada:name", "ada:tab:1"]);
    expect(await as(undefined, () => user().keys())).toEqual([]);
    // No hook says anything of deletions: the server's own code may.
    await as("bob", () => signals().name("ada").delete());
    expect(await signals().name("ada").get()).toBe("");
  });

  it("lets a browser write and see its own namespace, and delete nothing", async () => {
    const ofAda = () => attempts(browser(), backend(), "ada");
    expect(await as("bob", ofAda)).toEqual({ ...nothing, get: "none", follow: "none" });
    expect(await as(undefined, ofAda)).toEqual({ ...nothing, get: "none", follow: "none" });
    expect(await signals().name("ada").get()).toBe("ada");
    // As it is written, the example gives a namespace to all who are nobody.
    expect(await as(undefined, () => browser().set("user:undefined:name", "Nobody"))).toBe("done");
    await signals().name("undefined").delete();
    expect(await as("ada", ofAda)).toEqual({
      ...{ set: "done", setExpecting: "conflict", get: "from a browser", follow: "from a browser", renew: "done" },
      ...{ remove: "ACTION_REFUSED", removeAgain: "ACTION_REFUSED", leave: "ACTION_REFUSED" },
    });
    expect(await signals().name("ada").get()).toBe("from a browser");
  });

  it.each(transports)(
    "lets a RivetKit client write and list its own namespace, and nothing else, %s",
    async (transport) => {
      const closed = { ...all("UNAUTHORIZED"), getAllSignals: "done" };
      const ada = await connect("namespaced", transport, "ada");
      expect(await outcomes(ada, actions)).toEqual({ ...closed, setSignal: "done" });
      expect(await ada["getAllSignals"]!()).toEqual({ signals: { "user:ada:name": "Eve", "user:ada:tab:1": "here" } });
      for (const userId of ["bob", undefined]) {
        expect(await outcomes(await connect("namespaced", transport, userId), actions)).toEqual({
          ...closed,
          setSignal: "ACTION_REFUSED",
        });
      }
      const nobody = await connect("namespaced", transport);
      expect(await nobody["getAllSignals"]!({ prefix: "user:", userId: "ada" })).toEqual({ signals: {} });
    },
  );
});

describe("the rate limit example", () => {
  const { backend, signals, browser } = lazily(() => openApp("rateLimited"));

  it("counts the writes of one user through all doors, and refuses the 101st at each", async () => {
    const [http, socket] = [
      await connect("rateLimited", "over HTTP", "ada"),
      await connect("rateLimited", "over a WebSocket", "ada"),
    ];
    const doors = [
      () => as("ada", () => codeOf(() => signals().name("ada").set("server"))),
      () =>
        as("ada", async () =>
          ((code) => (code === "done" ? undefined : code))(await browser().set("user:ada:name", "browser")),
        ),
      () => codeOf(() => http["setSignal"]!("user:ada:name", "http")),
      () => codeOf(() => socket["setSignal"]!({ key: "user:ada:name", value: "socket" })),
    ];
    for (let count = 0; count < 100; count += 1) expect(await doors[count % doors.length]!()).toBeUndefined();
    for (const door of doors) expect(await door()).toBe("ACTION_REFUSED");
    expect(await signals().name("ada").get()).toBe("socket");
    // To renew is to set once more.
    await as("bob", () => signals().tab({ id: "ada", tab: "1" }).set("here"));
    expect(await as("ada", () => browser().keep("user:ada:tab:1", backend()))).toBe("ACTION_REFUSED");
    expect(await as("bob", () => browser().keep("user:ada:tab:1", backend()))).toBe("done");
    // Nobody's count as of one.
    expect(await as(undefined, () => browser().set("user:ada:name", "nobody"))).toBe("done");
  });

  it("lets a browser read what is exposed, and delete nothing", async () => {
    await as("cleo", () => signals().name("cleo").set("Cleo"));
    expect(await browser().get("user:cleo:name")).toBe("Cleo");
    expect(await browser().follow("user:cleo:name")).toBe("Cleo");
    expect(await as("cleo", () => browser().remove("user:cleo:name"))).toBe("ACTION_REFUSED");
  });

  it.each(transports)("closes to a RivetKit client what it says nothing about, %s", async (transport) => {
    expect(await outcomes(await connect("rateLimited", transport, "dora"), actions)).toEqual({
      ...all("UNAUTHORIZED"),
      setSignal: "done",
    });
    expect(await outcomes(await connect("rateLimited", transport), actions)).toEqual({
      ...all("UNAUTHORIZED"),
      setSignal: "done",
    });
  });
});

describe("the audit example", () => {
  const { backend, signals, browser } = lazily(() => openApp("audited"));

  /** Who was written down, and whether it went well. */
  function readLog(): () => unknown[] {
    const entries: unknown[] = [];
    const note = (entry: unknown): void => {
      if (typeof entry === "object" && entry !== null && "success" in entry) {
        const { userId, success } = entry as { userId?: string; success: boolean };
        entries.push(`${userId ?? "nobody"} ${success}`);
      }
    };
    vi.spyOn(console, "log").mockImplementation(note);
    vi.spyOn(console, "error").mockImplementation(note);
    return () => entries.splice(0);
  }

  it("writes down what server code does", async () => {
    const take = readLog();
    await as("ada", () => signals().name("ada").set("Ada"));
    expect(await as("bob", () => signals().name("ada").get())).toBe("Ada");
    await as(undefined, () => signals().name("ada").delete());
    expect(take()).toEqual(["ada true", "bob true", "nobody true"]);
  });

  it("writes down what a browser does", async () => {
    await as("ada", () => signals().tab({ id: "ada", tab: "1" }).set("here"));
    const take = readLog();
    const heard = async (fn: () => Promise<unknown>): Promise<unknown[]> => {
      const outcome = await as("ada", fn);
      return [outcome, ...new Set(take())];
    };
    expect(await heard(() => browser().set("user:ada:name", "Ada"))).toEqual(["done", "ada true"]);
    expect(await heard(() => browser().get("user:ada:name"))).toEqual(["Ada", "ada true"]);
    expect(await heard(() => browser().follow("user:ada:name"))).toEqual(["Ada", "ada true"]);
    expect(await heard(() => browser().keep("user:ada:tab:1", backend()))).toEqual(["done", "ada true"]);
    expect(await heard(() => browser().set("user:ada:name", "late", { expect: 999_999 }))).toContain("conflict");
    expect(await heard(() => browser().remove("user:ada:name"))).toEqual(["done", "ada true"]);
    expect(await heard(() => browser().remove("user:ada:tab:1"))).toEqual(["done", "ada true"]);
  });

  it.each(transports)("writes down what a RivetKit client does, and what fails, %s", async (transport) => {
    const [ada, nobody] = [await connect("audited", transport, "ada"), await connect("audited", transport)];
    const take = readLog();
    for (const [name, ...args] of actions) await ada[name]!(...args);
    expect(take()).toEqual(actions.map(() => "ada true"));
    await nobody["setSignal"]!("user:ada:name", "Eve");
    expect(await codeOf(() => nobody["setSignal"]!("a::b", 1))).toBe("KEY_INVALID");
    expect(await codeOf(() => nobody["deleteSignal"]!("\0server:revoked"))).toBe("KEY_INVALID");
    expect(take()).toEqual(["nobody true", "nobody false", "nobody false"]);
  });
});

/** The parts of an app, opened when the first test asks for them: before, there are no backends. */
function lazily<T extends object>(open: () => T): { readonly [K in keyof T]: () => T[K] } {
  let opened: T | undefined;
  return new Proxy({} as { readonly [K in keyof T]: () => T[K] }, {
    get: (_, name) => () => (opened ??= open())[name as keyof T],
  });
}
