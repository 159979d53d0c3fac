import { UserError } from "rivetkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createBrowser } from "../../../test/support/browser.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor } from "../../../test/support/fake-actor.ts";
import { registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import type { KawaError } from "../../core/errors/errors.ts";
import { serverKey, streamKey } from "../../core/backend/key.ts";
import { membersKey } from "../../core/backend/members.ts";
import { namespace, root } from "../../core/namespace.ts";
import { keysQuery, type ReadReply, type ValueRow } from "../../browser/value-protocol.ts";
import { actionNames, clientParams } from "../../rivetkit/hooks/client-params.ts";
import { withContext } from "../../rivetkit/identity/context.ts";
import type { ActionName, AnyHooks, HookContext } from "../../rivetkit/hooks/hooks.ts";
import { RivetBackend } from "../../rivetkit/replica/rivet-backend.ts";
import { shareSecret } from "../../rivetkit/secret/shared-secret.ts";
import { closeStreams } from "../stream/open-streams.ts";
import { ExposedSignals } from "../values/exposed-signals.ts";
import { createReactiveRoute } from "./reactive-route.ts";
import { ValueFeed } from "../stream/value-feed.ts";

let actor: FakeActor;
let count = 0;

// The route imports it before the imports of this file are there.
vi.mock("rivetkit/client", async () => (await import("../../../test/support/fake-actor.ts")).fakeClient(() => actor));
vi.mock("../../rivetkit/host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => {
  closeStreams();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

type Hook = (c: HookContext, params: Record<string, unknown>, next: (params: object) => Promise<unknown>) => unknown;
const pass: Hook = (_, params, next) => next(params);
const hooksOf = (names: readonly string[]): AnyHooks =>
  Object.fromEntries(names.map((name) => [name, name === "onConnect" ? () => {} : pass]));

const client = { actorId: "fake", conn: { id: "client", params: {} } } as unknown as HookContext;

/** An app whose actor has these hooks, and everybody who asks it for something. */
async function openApp(hooks: AnyHooks) {
  actor = new FakeActor(hooks);
  await actor.start();
  count += 1;
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: `doors-${count}` });
  registerBackend(backend, { global: false });
  onTestFinished(async () => {
    unregisterBackend(backend);
    await backend.close();
    await actor.service.close();
  });
  const app = namespace("app", { backend });
  const signals = {
    note: app.family((id: string) => ({ key: `note:${id}`, default: "" }), { expose: "write" }),
    visitor: app.family((at: { room: string; id: string }) => ({ key: `visitors:${at.room}:${at.id}`, default: "" }), {
      expose: "write",
      ttlMs: 600_000,
    }),
  };
  const perform = (name: ActionName, ...args: unknown[]): Promise<unknown> =>
    actor.service.clients.perform(client, { name, params: clientParams(name, args) });
  // What a server of the app writes for itself passes no hook.
  const commit = (key: string, value: string | null, ttlMs?: number) =>
    actor.store.write({
      number: 0,
      settled: 0,
      writes: [{ key, text: value === null ? null : JSON.stringify([value]), ttlMs }],
    });
  return { app, backend, signals, browser: createBrowser(signals), perform, commit };
}

/** Which of the operations are let through. */
async function passed(operations: Readonly<Record<string, () => Promise<boolean>>>): Promise<string> {
  const names: string[] = [];
  for (const [name, isDone] of Object.entries(operations)) if (await isDone()) names.push(name);
  return names.join(" ");
}

const everyAction =
  "getSignal setSignal deleteSignal getAllSignals getStream updateStream deleteStream getAllStreams registerStream unregisterStream clear";

// The table of docs/hooks.md.
describe.each<{ hooks: string; browser: string; clients: string }>([
  { hooks: "", browser: "set renew delete get follow", clients: "" },
  { hooks: "onConnect", browser: "set renew delete get follow", clients: "" },
  { hooks: "beforeAction", browser: "set renew delete get follow", clients: everyAction },
  { hooks: "setSignal", browser: "set renew get follow", clients: "setSignal" },
  { hooks: "deleteSignal", browser: "delete get follow", clients: "deleteSignal" },
  { hooks: "setSignal deleteSignal", browser: "set renew delete get follow", clients: "setSignal deleteSignal" },
  { hooks: "clear", browser: "get follow", clients: "clear" },
  { hooks: "updateStream", browser: "get follow", clients: "updateStream" },
  { hooks: "deleteStream", browser: "get follow", clients: "deleteStream" },
  { hooks: "getSignal", browser: "set renew delete get follow", clients: "getSignal" },
  { hooks: "getAllSignals", browser: "set renew delete get follow", clients: "getAllSignals" },
  { hooks: "getStream", browser: "set renew delete", clients: "getStream" },
  { hooks: "getAllStreams", browser: "set renew delete get follow", clients: "getAllStreams" },
  { hooks: "getSignal setSignal", browser: "set renew get follow", clients: "getSignal setSignal" },
  { hooks: "getStream updateStream", browser: "", clients: "getStream updateStream" },
  { hooks: "setSignal getAllSignals", browser: "set renew get follow", clients: "setSignal getAllSignals" },
  {
    hooks: "beforeAction deleteSignal",
    browser: "set renew delete get follow",
    clients: everyAction.replace(" clear", ""),
  },
  { hooks: "beforeAction deleteSignal clear", browser: "set renew delete get follow", clients: everyAction },
])("an actor with the hooks '$hooks', all of which let pass", ({ hooks, browser: expected, clients }) => {
  it("lets browsers do what its hooks name", async () => {
    const { browser, backend, commit } = await openApp(hooksOf(hooks.split(" ").filter(Boolean)));
    await commit("app:note:1", "old");
    await commit("app:visitors:hall:1", "here", 600_000);
    await backend.load(["app:note:1"]);
    const outcomes = await passed({
      set: async () =>
        (await browser.set("app:note:2", "new")) === "done" && actor.store.get("app:note:2")?.text === '["new"]',
      renew: async () => (await browser.keep("app:visitors:hall:1", backend)) === "done",
      delete: async () =>
        (await browser.remove("app:note:1")) === "done" && actor.store.get("app:note:1")?.text === null,
      get: async () => (await browser.get("app:visitors:hall:1")) === "here",
      follow: async () => (await browser.follow("app:visitors:hall:1")) === "here",
    });
    expect(outcomes).toBe(expected);
  });

  it("lets RivetKit clients do what its hooks name", async () => {
    const { perform, commit } = await openApp(hooksOf(hooks.split(" ").filter(Boolean)));
    await commit("app:note:1", "old");
    const args: Partial<Record<ActionName, unknown[]>> = {
      setSignal: ["app:note:1", "new"],
      updateStream: ["ticker", 1],
      clear: ["app:"],
      getAllSignals: [],
    };
    const byName = actionNames.map(
      (name) =>
        [
          name,
          async () => (await codeOf(() => perform(name, ...(args[name] ?? ["app:note:1"])))) === undefined,
        ] as const,
    );
    expect(await passed(Object.fromEntries(byName))).toBe(clients);
  });

  it("lets server code do everything", async () => {
    const { app, backend, signals } = await openApp(hooksOf(hooks.split(" ").filter(Boolean)));
    await signals.note("1").set("new");
    expect(await signals.note("1").get()).toBe("new");
    await signals.note("1").delete();
    expect(await signals.note("1").get()).toBe("");
    await signals.visitor({ room: "hall", id: "1" }).set("here");
    expect(await backend.renew("app:visitors:hall:1")).toBe(true);
    await backend.set(streamKey("ticker"), 1);
    await backend.delete(streamKey("ticker"));
    expect(await app.keys()).toEqual(["visitors:hall:1"]);
    await app.clear();
    expect(await app.keys()).toEqual([]);
  });
});

describe("what no hook names", () => {
  it("is refused to a browser in words for people, and told once to who develops", async () => {
    vi.stubEnv("NODE_ENV", "development");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { browser } = await openApp(hooksOf(["setSignal"]));
    expect(await browser.remove("app:note:1")).toBe("ACTION_REFUSED");
    expect(await browser.messageOf("app:note:1", null)).toBe("This is not allowed.");
    const warnings = warn.mock.calls
      .map(([message]) => String(message))
      .filter((message) => message.includes("deleteSignal"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("deleteSignal: (c, params, next) => next(params)");
  });

  it("is refused to whoever acts for a browser in server code, too", async () => {
    const { app, backend, signals } = await openApp(hooksOf(["setSignal"]));
    await signals.note("1").set("new", { origin: "browser" });
    expect(await signals.note("1").update((now) => `${now}er`, { origin: "browser" })).toBe("newer");
    expect(await codeOf(() => app.clear({ origin: "browser" }))).toBe("ACTION_REFUSED");
    expect(await codeOf(() => backend.set(streamKey("ticker"), 1, { origin: "browser" }))).toBe("ACTION_REFUSED");
    expect(await codeOf(() => backend.renew(streamKey("ticker"), { origin: "browser" }))).toBe("ACTION_REFUSED");
    const error = (await caught(() => signals.note("1").delete({ origin: "browser" }))) as KawaError;
    expect(error).toMatchObject({
      code: "ACTION_REFUSED",
      data: { isPublic: true, publicMessage: "This is not allowed." },
    });
    expect(error.message).toContain("deleteSignal is closed to browsers");
    await signals.note("1").delete();
  });

  it("stays refused however often a write is sent again", async () => {
    const { browser, commit } = await openApp(hooksOf(["setSignal"]));
    await commit("app:note:1", "old");
    for (const more of [
      { id: "same" },
      { id: "same", isAgain: true, expect: 1 },
      { id: "other", isAgain: true, expect: 1 },
      { expect: 1 },
      { expect: 0 },
      { origin: "server" },
      { context: { isAdmin: true } },
    ]) {
      expect(await browser.remove("app:note:1", more)).toBe("ACTION_REFUSED");
    }
    expect(actor.store.get("app:note:1")?.text).toBe('["old"]');
  });
});

describe("where a hook decides about lists alone", () => {
  const own: AnyHooks = {
    getAllSignals: async (_, params, next) => {
      const { signals } = await next(params);
      return {
        signals: Object.fromEntries(
          Object.entries(signals).filter(([key]) => key.startsWith(`app:note:${params.userId}`)),
        ),
      };
    },
  };

  it("a browser sees of each key what the list shows it", async () => {
    const { browser, commit, signals } = await openApp(own);
    await commit("app:note:ada", "of Ada");
    expect(await withContext({ userId: "ada" }, () => browser.get("app:note:ada"))).toBe("of Ada");
    expect(await withContext({ userId: "ada" }, () => browser.follow("app:note:ada"))).toBe("of Ada");
    for (const see of [browser.get, browser.follow]) {
      expect(await withContext({ userId: "bob" }, () => see("app:note:ada"))).toBe("none");
      expect(await see("app:note:ada")).toBe("none");
    }
    expect(await signals.note("ada").get()).toBe("of Ada");
  });

  it("asks it about that key alone, however many others start with it", async () => {
    const listed: string[][] = [];
    const { browser, commit } = await openApp({
      getAllSignals: async (_, params, next) => {
        const list = await next(params);
        listed.push([params.prefix, ...Object.keys(list.signals)]);
        return list;
      },
    });
    for (const id of ["1", "10", "11"]) await commit(`app:note:${id}`, "x");
    expect(await browser.get("app:note:1")).toBe("x");
    expect(await browser.get("app:note:2")).toBe("none");
    expect(listed).toEqual([["app:note:1", "app:note:1"], ["app:note:2"]]);
  });

  it("hides where it throws, or gives no list", async () => {
    const { browser } = await openApp({
      getAllSignals: (_, params) => {
        if (params.userId === "ada") return undefined as never;
        throw new Error("Not you.");
      },
    });
    expect(await browser.get("app:note:1")).toBe("none");
    expect(await withContext({ userId: "ada" }, () => browser.get("app:note:1"))).toBe("none");
  });

  it("a browser is shown the members of a group that the list shows it", async () => {
    const { browser, commit } = await openApp({
      getAllSignals: async (_, params, next) => {
        const { signals } = await next(params);
        return {
          signals: Object.fromEntries(Object.entries(signals).filter(([key]) => key.endsWith(`:${params.userId}`))),
        };
      },
    });
    for (const id of ["ada", "bob"]) await commit(`app:visitors:hall:${id}`, "here", 600_000);
    const members = () => browser.get(membersKey("app:visitors:hall"));
    expect(await withContext({ userId: "ada" }, members)).toMatchObject({ ids: ["ada"] });
    expect(await members()).toBe("none");
  });
});

describe("the presence example", () => {
  const ownerOnly = (params: { key: string; userId?: string }): void => {
    const [, id] = /^app:visitors:[^:]+:([^:]+)$/.exec(params.key) ?? [];
    if (id !== undefined && id !== params.userId) throw new UserError("That is somebody else.");
  };
  const hooks: AnyHooks = {
    setSignal: async (_, params, next) => {
      ownerOnly(params);
      return await next(params);
    },
    deleteSignal: async (_, params, next) => {
      ownerOnly(params);
      return await next(params);
    },
  };
  const key = "app:visitors:hall:alice";
  const as = <T>(userId: string | undefined, fn: () => T): T => withContext({ userId }, fn);

  it("lets the owner set, renew and remove, and nobody else, in a browser", async () => {
    const { browser, backend } = await openApp(hooks);
    expect(await as("bob", () => browser.set(key, "Bob"))).toBe("ACTION_REFUSED");
    expect(await as("alice", () => browser.set(key, "Alice"))).toBe("done");
    for (const stranger of ["bob", undefined, ""]) {
      expect(await as(stranger, () => browser.messageOf(key, null))).toBe("That is somebody else.");
      expect(await as(stranger, () => browser.remove(key, { isAgain: true, expect: 1 }))).toBe("ACTION_REFUSED");
      expect(await as(stranger, () => browser.set(key, "Bob", { expect: 1 }))).toBe("ACTION_REFUSED");
      expect(await as(stranger, () => browser.keep(key, backend))).toBe("ACTION_REFUSED");
    }
    expect(await as("bob", () => browser.get(key))).toBe("Alice");
    expect(await as("alice", () => browser.keep(key, backend))).toBe("done");
    expect(await as("alice", () => browser.remove(key))).toBe("done");
    expect(await backend.keys("")).toEqual([]);
  });

  it("holds for server code that acts as somebody, and lets a RivetKit client without a token do nothing of it", async () => {
    const { signals, backend, perform } = await openApp(hooks);
    const member = signals.visitor({ room: "hall", id: "alice" });
    await member.set("Alice", { context: { userId: "alice" } });
    const bob = { context: { userId: "bob" } };
    for (const attempt of [
      () => member.set("Bob", bob),
      () => member.delete(bob),
      () => member.update(() => "Bob", bob),
      () => backend.renew(key, bob),
    ]) {
      expect(await codeOf(attempt)).toBe("ACTION_REFUSED");
    }
    expect(await codeOf(() => perform("setSignal", key, "Bob"))).toBe("ACTION_REFUSED");
    expect(await codeOf(() => perform("deleteSignal", key))).toBe("ACTION_REFUSED");
    expect(await codeOf(() => perform("clear", "app:visitors:"))).toBe("UNAUTHORIZED");
    expect(await member.get()).toBe("Alice");
  });

  it("without a hook of deletions lets no browser remove anybody", async () => {
    const { browser, backend } = await openApp({ setSignal: hooks.setSignal! });
    expect(await as("alice", () => browser.set(key, "Alice"))).toBe("done");
    for (const who of ["alice", "bob"]) expect(await as(who, () => browser.remove(key))).toBe("ACTION_REFUSED");
    expect(await backend.keys("")).toEqual([key]);
  });
});

describe("what a hook hides from a browser", () => {
  const rowsOf = async (signals: object, ...keys: string[]): Promise<readonly ValueRow[]> => {
    const { GET } = createReactiveRoute({ signals: signals as Readonly<Record<string, unknown>> });
    const query = keysQuery(keys);
    return ((await (await GET(new Request(`http://host/${query}`))).json()) as ReadReply).rows;
  };

  it("has no number where only lists are hooked", async () => {
    const { signals, commit } = await openApp({ getAllSignals: () => ({ signals: {} }) });
    await commit("app:note:secret", "hidden");
    expect(await rowsOf(signals, "app:note:secret", "app:note:none")).toEqual([
      ["app:note:secret", null, 0, ""],
      ["app:note:none", null, 0, ""],
    ]);
  });

  it.each<[string, AnyHooks]>([
    [
      "lists alone",
      { getAllSignals: async (_, params, next) => (params.userId === "ada" ? await next(params) : { signals: {} }) },
    ],
    ["reads", { getSignal: (_, params, next) => (params.userId === "ada" ? next(params) : undefined) }],
  ])("is written as if it were absent where %s are hooked, and by its number by who is shown it", async (_, hooks) => {
    const { browser, signals, commit } = await openApp(hooks);
    await commit("app:note:1", "hidden");
    const { seq } = actor.store.get("app:note:1")!;
    const ada = <T>(fn: () => T): T => withContext({ userId: "ada" }, fn);
    expect(await browser.set("app:note:1", "by number", { expect: seq })).toBe("conflict");
    expect(await ada(() => browser.set("app:note:1", "over nothing", { expect: 0 }))).toBe("conflict");
    expect(await ada(() => browser.set("app:note:1", "by number", { expect: seq }))).toBe("done");
    expect(await browser.set("app:note:1", "over nothing", { expect: 0 })).toBe("done");
    expect(await browser.remove("app:note:1", { expect: 0 })).toBe("done");
    await ada(() => signals.note("1").update((value) => `${value}of the server`));
    expect(actor.store.get("app:note:1")?.text).toBe('["of the server"]');
  });

  it("is told to nobody as a member that comes or goes", async () => {
    const { signals, commit } = await openApp({
      getSignal: (_, params, next) => (params.key.endsWith(":shown") ? next(params) : undefined),
    });
    await commit("app:visitors:hall:shown", "here", 600_000);
    const exposed = new ExposedSignals(signals);
    const [list, note] = [membersKey("app:visitors:hall"), "app:note:shown"].map((key) => exposed.find(key, "read")!);
    const told: ValueRow[] = [];
    const feed: ValueFeed = new ValueFeed({
      signals: new Map([list!, note!].map((signal) => [signal, [signal.key, -1, ""]])),
      asOpener: (fn) => fn(),
      address: "",
      needsDrain: () => false,
      onRows: () => void told.push(...(feed.take()?.rows ?? [])),
    });
    feed.start();
    onTestFinished(() => feed.stop());
    const lists = (): unknown[] =>
      told.filter(([key]) => key === list!.key).map(([, text]) => text && JSON.parse(text).at(-1));
    const whenTold = async (text: string): Promise<void> => {
      await commit(note!.key, text);
      await vi.waitFor(() => expect(told.findLast(([key]) => key === note!.key)?.[1]).toBe(JSON.stringify([text])));
    };
    await whenTold("one is here");
    await commit("app:visitors:hall:hidden", "here", 600_000);
    await whenTold("one has come");
    await commit("app:visitors:hall:hidden", null);
    await whenTold("one has gone");
    expect(lists()).toHaveLength(1);
    await commit("app:visitors:hall:shown", null);
    await vi.waitFor(() => expect(lists()).toEqual([expect.anything(), null]));
  });

  it("is in no group: one whose members are all hidden is as one that has none", async () => {
    const { signals, commit } = await openApp({ getSignal: () => undefined });
    await commit("app:visitors:full:1", "here", 600_000);
    expect(await rowsOf(signals, membersKey("app:visitors:full"), membersKey("app:visitors:empty"))).toEqual([
      [membersKey("app:visitors:full"), null, 0, ""],
      [membersKey("app:visitors:empty"), null, 0, ""],
    ]);
  });
});

describe("what is no signal", () => {
  const internal = [serverKey("revoked:one"), streamKey("ticker"), membersKey("app:visitors:hall")];

  it("is reached by no client and no browser, not even through a hook that asks for it", async () => {
    const { backend, commit, perform } = await openApp(hooksOf(["beforeAction"]));
    for (const key of internal.slice(0, 2)) await commit(key, "own");
    await commit("app:visitors:hall:1", "here", 600_000);
    registerBackend(backend, { global: true });
    const browser = createBrowser({
      any: root.family((id: string) => ({ key: `${id}`, default: "" }), { expose: "write" }),
    });
    expect(await browser.set("any", "x")).toBe("done");
    for (const key of internal) {
      for (const [name, ...args] of [
        ["setSignal", key, "x"],
        ["deleteSignal", key],
        ["getSignal", key],
        ["clear", key],
        ["getAllSignals", key],
      ] as const) {
        expect(await codeOf(() => perform(name, ...args))).toBe("KEY_INVALID");
      }
      expect(await browser.set(key, "x")).toBe("NOT_EXPOSED");
      expect(await browser.remove(key)).toBe("NOT_EXPOSED");
      expect(await browser.keep(key, backend)).toBe("none");
    }
    await perform("clear", "");
    expect(await backend.keys("")).toEqual([]);
    expect(actor.store.get(internal[0]!)?.text).toBe('["own"]');
    expect(actor.store.get(internal[1]!)?.text).toBe('["own"]');
  });

  it("is not reached through a hook that changes the key", async () => {
    const { signals, commit, browser } = await openApp({
      setSignal: (_, params, next) => next({ ...params, key: internal[0]! }),
      deleteSignal: (_, params, next) => next({ ...params, key: internal[1]! }),
    });
    for (const key of internal.slice(0, 2)) await commit(key, "own");
    expect(await codeOf(() => signals.note("1").set("x"))).toBe("KEY_INVALID");
    expect(await browser.remove("app:note:1")).toBe("KEY_INVALID");
    expect(internal.slice(0, 2).map((key) => actor.store.get(key)?.text)).toEqual(['["own"]', '["own"]']);
  });
});

describe("a hook and a conditional write of a browser", () => {
  it("sees the value that is about to be written, once", async () => {
    const seen: unknown[] = [];
    const { browser, commit } = await openApp({
      setSignal: (_, params, next) => {
        seen.push(params.value);
        return next(params);
      },
      deleteSignal: (_, params, next) => {
        seen.push("delete");
        return next(params);
      },
    });
    await commit("app:note:1", "old");
    const { seq } = actor.store.get("app:note:1")!;
    expect(await browser.set("app:note:1", "new", { expect: seq })).toBe("done");
    expect(await browser.set("app:note:1", "late", { expect: seq })).toBe("conflict");
    expect(await browser.remove("app:note:1", { expect: seq })).toBe("conflict");
    expect(seen).toEqual(["new", "late", "delete"]);
    expect(actor.store.get("app:note:1")?.text).toBe('["new"]');
    expect(await browser.remove("app:note:1", { expect: actor.store.get("app:note:1")!.seq })).toBe("done");
  });

  it("means the value that the browser is shown", async () => {
    const { browser, commit } = await openApp({
      ...hooksOf(["setSignal", "deleteSignal"]),
      getSignal: (_, params, next) => (params.userId === "ada" ? next(params) : undefined),
    });
    await commit("app:note:1", "hidden");
    expect(await browser.set("app:note:1", "over nothing", { expect: 0 })).toBe("done");
    const { seq } = actor.store.get("app:note:1")!;
    expect(await browser.set("app:note:1", "by number", { expect: seq })).toBe("conflict");
    expect(await withContext({ userId: "ada" }, () => browser.set("app:note:1", "by number", { expect: seq }))).toBe(
      "done",
    );
  });

  it("that throws after next() tells of a refusal, and undoes nothing", async () => {
    const { browser, signals } = await openApp({
      setSignal: async (_, params, next) => {
        await next(params);
        throw new UserError("Too late.");
      },
    });
    expect(await browser.set("app:note:1", "new")).toBe("ACTION_REFUSED");
    expect(await signals.note("1").get()).toBe("new");
  });
});
