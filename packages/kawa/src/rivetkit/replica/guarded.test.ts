import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "rivetkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { describeBackendContract } from "../../../test/contract/backend-contract.ts";
import { describeCollections } from "../../../test/contract/collections.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import type { Context, Entry, Reader } from "../../core/backend/backend.ts";
import { effect } from "../../core/effect.ts";
import { serverKey } from "../../core/backend/key.ts";
import { membersKey } from "../../core/backend/members.ts";
import { type GetContext, withContext } from "../identity/context.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { RivetBackend, type RivetBackendOptions } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => vi.restoreAllMocks());

async function startActor(hooks: ReactiveStateActorHooks): Promise<void> {
  actor = new FakeActor(hooks);
  await actor.start();
}

function createBackend(options: Partial<RivetBackendOptions> = {}): RivetBackend {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global", ...options });
  onTestFinished(() => backend.close());
  return backend;
}

const ada = { context: { userId: "ada" } };
const bob = { context: { userId: "bob" } };
const increment = (entry: Entry): number => (entry.state === "present" ? (entry.value as number) : 0) + 1;
const valueIn = (entry: Entry): unknown => (entry.state === "present" ? entry.value : entry.state);

async function valueAs(backend: RivetBackend, key: string, options?: { context: Context }): Promise<unknown> {
  const reader = await backend.readerFor(options);
  await reader.load([key]);
  return valueIn(reader.entry(key).peek());
}

/** The text that crossed any socket of the actor to a server. */
const sentText = (): string => actor.sockets.flatMap(({ sent }) => sent).join("\n");

const passing: ReactiveStateActorHooks = {
  setSignal: (_, params, next) => next(params),
  deleteSignal: (_, params, next) => next(params),
  getAllSignals: (_, params, next) => next(params),
  updateStream: (_, params, next) => next(params),
  clear: (_, params, next) => next(params),
};

describe("what servers keep for themselves", () => {
  it("passes no hook, and is heard of by all servers", async () => {
    const refuse = (): never => {
      throw new Error("A hook was asked");
    };
    await startActor({ beforeAction: refuse, setSignal: refuse, getAllSignals: refuse, deleteSignal: refuse });
    const [backend, other] = [createBackend(), createBackend()];
    await other.load([]);
    const heard: string[] = [];
    other.onChange(({ keys }) => heard.push(...keys));
    const key = serverKey("revoked:one");
    await backend.set(key, true);
    expect(await other.keys(serverKey("revoked:"))).toEqual([key]);
    await backend.delete(key);
    expect(await other.keys(serverKey("revoked:"))).toEqual([]);
    await vi.waitFor(() => expect(heard).toEqual([key, key]));
    expect(await codeOf(() => backend.set("revoked:one", true))).toBe("ACTION_REFUSED");
  });
});

describe.each<[string, boolean]>([
  ["over a socket", false],
  ["in the same process", true],
])("hooks that let every write and list pass, %s", (_, isLocal) => {
  beforeEach(async () => {
    await startActor(passing);
    if (!isLocal) return;
    hostedServices.set(actor.store.instance, actor.service);
    onTestFinished(() => void hostedServices.delete(actor.store.instance));
  });

  describeBackendContract("RivetBackend", () => new RivetBackend({ actorName: "reactiveState", actorId: "global" }));
  describeCollections("RivetBackend", () => new RivetBackend({ actorName: "reactiveState", actorId: "global" }));
});

describe("a hook that authorises writes", () => {
  const refusing: ReactiveStateActorHooks = {
    setSignal: async (_, params, next) => {
      if (!params.key.startsWith(`user:${params.userId}:`))
        throw new Error("Can only set signals in your own namespace");
      return next(params);
    },
  };

  it("lets pass whom it knows and refuses the others with its own message", async () => {
    await startActor(refusing);
    const backend = createBackend();
    await backend.set("user:ada:name", "Ada", ada);
    const error = await caught(() => backend.set("user:ada:name", "Bob", bob));
    expect(error).toMatchObject({
      code: "ACTION_REFUSED",
      status: 403,
      message: "Can only set signals in your own namespace (ACTION_REFUSED)",
      data: { isPublic: false },
    });
    expect(await codeOf(() => backend.set("user:ada:name", "nobody"))).toBe("ACTION_REFUSED");
    expect(backend.entry("user:ada:name").peek()).toMatchObject({ value: "Ada" });
  });

  it("decides about each of several writes that were made at once", async () => {
    await startActor(refusing);
    const backend = createBackend();
    const results = await Promise.allSettled([
      backend.set("user:ada:n", 1, ada),
      backend.set("user:ada:n", 2, bob),
      backend.set("user:ada:n", 3, ada),
      backend.update("user:ada:n", increment, bob),
      backend.update("user:ada:n", increment, ada),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(backend.entry("user:ada:n").peek()).toMatchObject({ value: 4 });
  });

  it("leaves reads in memory: they ask nobody and call no getContext", async () => {
    await startActor(refusing);
    const getContext = vi.fn<GetContext>(() => ada.context);
    const backend = createBackend({ getContext });
    await backend.load(["k"]);
    expect(backend.isGuarded).toBe(false);
    expect(await backend.readerFor()).toBe(backend);
  });

  it("is asked nothing where there are no hooks, and neither is getContext once that is known", async () => {
    await startActor({});
    const getContext = vi.fn<GetContext>(() => {
      throw new Error("outside of a request");
    });
    const backend = createBackend({ getContext });
    await backend.set("k", 1);
    getContext.mockClear();
    await backend.set("k", 2);
    await backend.readerFor();
    expect(getContext).not.toHaveBeenCalled();
  });

  it("may change what is written, and an update resolves with that", async () => {
    await startActor({ setSignal: (_, params, next) => next({ ...params, value: `${params.value}!` }) });
    const backend = createBackend();
    await backend.set("k", "hello");
    expect(backend.entry("k").peek()).toMatchObject({ value: "hello!" });
    expect(await backend.update("k", (entry) => `${valueIn(entry)}?`)).toBe("hello!?!");
  });

  it("cannot change it to what cannot be stored", async () => {
    await startActor({ setSignal: (_, params, next) => next({ ...params, value: () => {} }) });
    expect(await codeOf(() => createBackend().set("k", 1))).toBe("VALUE_UNSERIALIZABLE");
    await startActor({ setSignal: (_, params, next) => next({ ...params, key: "a::b" }) });
    expect(await codeOf(() => createBackend().set("k", 1))).toBe("KEY_INVALID");
    await startActor({ setSignal: (_, params, next) => next({ ...params, value: "x".repeat(300_000) }) });
    expect(await codeOf(() => createBackend().set("k", 1))).toBe("VALUE_TOO_LARGE");
  });

  it("that is slow for one key holds up no other", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await startActor({
      setSignal: async (_, params, next) => {
        if (params.key === "slow") await gate;
        return next(params);
      },
    });
    const backend = createBackend();
    const order: string[] = [];
    const slow = backend.set("slow", 1).then(() => order.push("slow 1"));
    const after = backend.set("slow", 2).then(() => order.push("slow 2"));
    await backend.set("fast", 1).then(() => order.push("fast"));
    expect(order).toEqual(["fast"]);
    open();
    await Promise.all([slow, after]);
    expect(order).toEqual(["fast", "slow 1", "slow 2"]);
  });

  it("keeps the order of writes of one key, whatever each of them takes", async () => {
    await startActor({
      setSignal: async (_, params, next) => {
        await sleep(params.value === 1 ? 30 : 0);
        return next(params);
      },
    });
    const backend = createBackend();
    await Promise.all([
      backend.set("k", 1),
      backend.set("k", 2),
      backend.delete("other"),
      backend.clear("none"),
      backend.set("k", 3),
    ]);
    expect(backend.entry("k").peek()).toMatchObject({ value: 3 });
  });

  it("sees deletes and clears as actions of their own", async () => {
    const seen: unknown[] = [];
    await startActor({
      deleteSignal: (_, params, next) => {
        seen.push(params);
        return next(params);
      },
      clear: (_, params, next) => {
        seen.push(params);
        return next(params);
      },
    });
    const backend = createBackend();
    await backend.set("a:1", 1);
    await backend.delete("a:1", ada);
    await backend.clear("a:", bob);
    expect(seen).toEqual([
      { action: "deleteSignal", key: "a:1", userId: "ada" },
      { action: "clear", prefix: "a:", userId: "bob" },
    ]);
  });

  it("hears of a conflict as a failure, and of the retry", async () => {
    const outcomes: string[] = [];
    await startActor({
      setSignal: async (_, params, next) => {
        try {
          const result = await next(params);
          outcomes.push("written");
          return result;
        } catch (error) {
          outcomes.push((error as { code: string }).code);
          throw error;
        }
      },
    });
    const [a, b] = [createBackend(), createBackend()];
    await a.set("n", 0);
    await b.load(["n"]);
    outcomes.length = 0;
    const results = await Promise.all([a.update("n", increment), b.update("n", increment)]);
    expect(results.toSorted()).toEqual([1, 2]);
    expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome !== "written")).toEqual(["UPDATE_CONFLICT"]);
  });
});

describe("a write whose reply was lost", () => {
  it("is applied once and asked of the hooks once, while the first try runs", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let calls = 0;
    await startActor({
      setSignal: async (_, params, next) => {
        calls += 1;
        await gate;
        return next(params);
      },
    });
    const backend = createBackend();
    await backend.load([]);
    const seq = backend.version.seq;
    const written = backend.update("n", increment);
    await vi.waitFor(() => expect(calls).toBe(1), { timeout: 10_000 });
    actor.dropConnections();
    await vi.waitFor(() => expect(actor.sockets.filter(({ readyState }) => readyState === 1)).toHaveLength(1), {
      timeout: 10_000,
    });
    open();
    expect(await written).toBe(1);
    expect(calls).toBe(1);
    expect(backend.version.seq).toBe(seq + 1);
  });

  it("is applied once when the actor has gone on as another incarnation", async () => {
    await startActor({ setSignal: (_, params, next) => next(params) });
    const backend = createBackend();
    await backend.set("n", 0);
    // The commit happens, its reply does not arrive.
    const restarted = Promise.withResolvers<void>();
    actor.db.after = (sql) => {
      if (!sql.startsWith("INSERT")) return;
      actor.db.after = () => {};
      actor.dropConnections();
      restarted.resolve(actor.restart());
    };
    const result = await backend.update("n", increment);
    await restarted.promise;
    expect(result).toBe(1);
    expect(await valueAs(backend, "n")).toBe(1);
  });
});

describe("hooks that decide about reads", () => {
  const masking: ReactiveStateActorHooks = {
    getSignal: async (_, params, next) => {
      if (params.key === "forbidden") throw new Error("Not yours");
      const value = await next(params);
      if (params.key.startsWith("public:") || params.userId === "ada") return value;
      return typeof value === "string" ? `${value.slice(0, 1)}***` : undefined;
    },
  };

  async function start(): Promise<RivetBackend> {
    await startActor(masking);
    const backend = createBackend();
    await backend.set("secret", "swordfish");
    await backend.set("forbidden", 1);
    await backend.set("public:news", "hello");
    return backend;
  }

  it("show each identity what it may see, side by side", async () => {
    const backend = await start();
    expect(backend.isGuarded).toBe(true);
    const shown = await Promise.all([ada, bob, undefined, ada].map((options) => valueAs(backend, "secret", options)));
    expect(shown).toEqual(["swordfish", "s***", "s***", "swordfish"]);
  });

  it("keep values off the wire and out of the shared replica", async () => {
    await startActor(masking);
    const [writer, reader] = [createBackend(), createBackend()];
    await reader.load([]);
    const changed = Promise.withResolvers<void>();
    reader.onChange(({ keys }) => keys.includes("secret") && changed.resolve());
    await writer.set("secret", "swordfish");
    await changed.promise;
    await reader.load(["secret"]);
    expect(sentText()).not.toContain("swordfish");
    expect(reader.entry("secret").peek()).toMatchObject({ value: "s***" });
    expect(writer.entry("secret").peek().state).not.toBe("present");
  });

  it("keep what nobody may see up to date", async () => {
    const backend = await start();
    await backend.load(["public:news"]);
    const seen: unknown[] = [];
    onTestFinished(effect(() => void seen.push(valueIn(backend.entry("public:news").value))));
    await createBackend().set("public:news", "later");
    await vi.waitFor(() => expect(seen.at(-1)).toBe("later"), { timeout: 10_000 });
  });

  it("refuse a key with their message, and only that key", async () => {
    const backend = await start();
    const reader = await backend.readerFor(ada);
    const [forbidden, secret] = await Promise.allSettled([reader.load(["forbidden"]), reader.load(["secret"])]);
    expect(forbidden).toMatchObject({
      status: "rejected",
      reason: { code: "ACTION_REFUSED", message: "Not yours (ACTION_REFUSED)" },
    });
    expect(secret!.status).toBe("fulfilled");
    expect(await codeOf(() => backend.load(["forbidden"]))).toBe("ACTION_REFUSED");
  });

  it("hide a value by giving undefined", async () => {
    const backend = await start();
    await backend.set("number", 42);
    expect(await valueAs(backend, "number", bob)).toBe("absent");
    expect(await valueAs(backend, "number", ada)).toBe(42);
  });

  it("are asked anew by every reader, and see the newest value", async () => {
    const backend = await start();
    const before: Reader = await backend.readerFor(ada);
    await before.load(["secret"]);
    await backend.set("secret", "tuna");
    expect(await valueAs(backend, "secret", ada)).toBe("tuna");
    expect(valueIn(before.entry("secret").peek())).toBe("swordfish");
  });

  it("have an update start from what its writer may see", async () => {
    const backend = await start();
    expect(await backend.update("secret", (entry) => `${valueIn(entry)}!`, ada)).toBe("swordfish!");
    expect(await backend.update("secret", (entry) => `${valueIn(entry)}!`, bob)).toBe("s***!");
    expect(await codeOf(() => backend.update("forbidden", increment, ada))).toBe("ACTION_REFUSED");
    // What is hidden can still be written over.
    await backend.set("number", 42);
    expect(await backend.update("number", (entry) => valueIn(entry), bob)).toBe("absent");
  });

  it("show nothing of what they refuse in lists, and what they change as changed", async () => {
    const backend = await start();
    expect(await backend.keys("", ada)).toEqual(["public:news", "secret"]);
    expect([...(await backend.entries("", bob))]).toEqual([
      ["public:news", "hello"],
      ["secret", "s***"],
    ]);
  });

  it("come and go with a new incarnation: nothing of the other time is shown", async () => {
    const backend = await start();
    await backend.load(["secret"]);
    actor.hooks = {};
    await actor.restart();
    await vi.waitFor(() => expect(backend.isGuarded).toBe(false), { timeout: 10_000 });
    await backend.load(["secret"]);
    expect(valueIn(backend.entry("secret").peek())).toBe("swordfish");
    actor.hooks = masking;
    await actor.restart();
    await vi.waitFor(() => expect(backend.isGuarded).toBe(true), { timeout: 10_000 });
    await backend.load(["secret"]);
    expect(valueIn(backend.entry("secret").peek())).toBe("s***");
  });
});

describe("hooks that are edited while the actor runs", () => {
  it("are told to the servers that are connected", async () => {
    await startActor({});
    const backend = createBackend();
    await backend.set("k", "value");
    actor.hooks = { getSignal: () => "masked" };
    actor.service.noticeNewHooks();
    await vi.waitFor(() => expect(backend.isGuarded).toBe(true), { timeout: 10_000 });
    await createBackend().set("k", "newer");
    await backend.load(["k"]);
    expect(valueIn(backend.entry("k").peek())).toBe("masked");
    const connections = actor.sockets.length;
    actor.hooks = { getSignal: () => "masked otherwise" };
    actor.service.noticeNewHooks();
    expect(await valueAs(backend, "k")).toBe("masked otherwise");
    expect(actor.sockets).toHaveLength(connections);
  });
});

describe("hooks of lists", () => {
  const filtering: ReactiveStateActorHooks = {
    getAllSignals: async (_, params, next) => {
      const { signals } = await next(params);
      const own = Object.keys(signals).filter((key) => key.startsWith(`user:${params.userId}:`));
      return { signals: Object.fromEntries(own.map((key) => [key, signals[key]])) };
    },
  };

  it("filter keys and entries by identity, and leave reads of single keys alone", async () => {
    await startActor(filtering);
    const backend = createBackend();
    for (const key of ["user:ada:a", "user:ada:b", "user:bob:a"]) await backend.set(key, key);
    expect(await backend.keys("", ada)).toEqual(["user:ada:a", "user:ada:b"]);
    expect(await backend.keys("user:ada:b", ada)).toEqual(["user:ada:b"]);
    expect([...(await backend.entries("", bob))]).toEqual([["user:bob:a", "user:bob:a"]]);
    expect(await backend.keys("")).toEqual([]);
    expect(backend.isGuarded).toBe(false);
  });

  it("cannot add keys of another prefix than asked", async () => {
    await startActor({ getAllSignals: async () => ({ signals: { "a:1": 1, "b:1": 2 } }) });
    expect(await createBackend().keys("a:")).toEqual(["a:1"]);
  });
});

describe("who acts", () => {
  async function start(options: Partial<RivetBackendOptions> = {}): Promise<{ backend: RivetBackend; who(): unknown }> {
    let last: unknown;
    await startActor({
      setSignal: (_, params, next) => {
        last = params.userId;
        return next(params);
      },
    });
    return { backend: createBackend(options), who: () => last };
  }

  it("is nobody without a word", async () => {
    const { backend, who } = await start();
    await backend.set("k", 1);
    expect(who()).toBeUndefined();
  });

  it("is what getContext says, then withContext, then the call itself", async () => {
    const { backend, who } = await start({ getContext: async () => ({ userId: "session" }) });
    await backend.set("k", 1);
    expect(who()).toBe("session");
    await withContext({ userId: "block" }, async () => {
      await sleep(1);
      await backend.set("k", 2);
    });
    expect(who()).toBe("block");
    await withContext({ userId: "block" }, () => backend.set("k", 3, { context: { userId: "call" } }));
    expect(who()).toBe("call");
  });

  it("is asked when the write is made, and writes keep their order although it answers late", async () => {
    const answers = [30, 1, 10].map((delayMs, n) => () => sleep(delayMs, { userId: `user-${n}` }));
    const { backend, who } = await start({ getContext: () => answers.shift()!() });
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) => backend.set("k", n).then(() => order.push(n))));
    expect(order).toEqual([1, 2, 3]);
    expect(who()).toBe("user-2");
    expect(backend.entry("k").peek()).toMatchObject({ value: 3 });
  });

  it("cannot be told by getContext outside of a request: the write rejects and says what to do", async () => {
    const { backend } = await start({
      getContext: () => {
        throw new Error("`cookies` was called outside a request scope");
      },
    });
    const error = await caught(() => backend.set("k", 1));
    expect(error).toMatchObject({ code: "CONTEXT_UNAVAILABLE", message: expect.stringContaining("withContext") });
    await backend.set("k", 1, ada);
  });

  it("cannot replace the action's own fields", async () => {
    const seen: unknown[] = [];
    await startActor({
      setSignal: (_, params, next) => {
        seen.push({ ...params });
        return next(params);
      },
    });
    await createBackend().set("k", 1, { context: { key: "other", value: 2, action: "clear", userId: "ada" } });
    expect(seen).toEqual([{ key: "k", value: 1, action: "setSignal", userId: "ada" }]);
  });

  it.each([
    ["a function in it", { fn: () => {} }, "VALUE_UNSERIALIZABLE"],
    ["9 KiB", { text: "x".repeat(9 * 1024) }, "VALUE_TOO_LARGE"],
  ])("cannot be %s", async (_, context, code) => {
    const { backend } = await start();
    expect(await codeOf(() => backend.set("k", 1, { context }))).toBe(code);
  });
});

describe("a hook that never ends", () => {
  it("ends the wait of its own write at the limit, and nobody else's", async () => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "performance"],
      shouldAdvanceTime: true,
      advanceTimeDelta: 500,
    });
    onTestFinished(() => void vi.useRealTimers());
    await startActor({
      setSignal: (_, params, next) => (params.key === "stuck" ? new Promise(() => {}) : next(params)),
    });
    const backend = createBackend();
    const stuck = codeOf(() => backend.set("stuck", 1));
    await backend.set("fine", 1);
    expect(await stuck).toBe("BACKEND_TIMEOUT");
    await backend.set("fine", 2);
  }, 60_000);
});

describe("ephemeral values where hooks decide", () => {
  const life = { ttlMs: 600_000 };
  /** Each writes below their own name. */
  const own: ReactiveStateActorHooks = {
    setSignal: (_, params, next) => {
      if (!params.key.endsWith(`:${params["userId"]}`)) throw new UserError("That is somebody else.");
      return next(params);
    },
  };

  it("are renewed by those alone who may set them", async () => {
    const asked: unknown[] = [];
    await startActor({
      ...own,
      beforeAction: (_, params, next) => (asked.push([params.action, params["userId"]]), next(params)),
    });
    const backend = createBackend();
    await backend.set("room:ada", "here", { ...ada, ...life });
    asked.length = 0;
    expect(await backend.renew("room:ada", ada)).toBe(true);
    expect(await codeOf(() => backend.renew("room:ada", bob))).toBe("ACTION_REFUSED");
    expect(await codeOf(() => backend.renew("room:ada"))).toBe("ACTION_REFUSED");
    expect(asked).toEqual([
      ["setSignal", "ada"],
      ["setSignal", "bob"],
      ["setSignal", undefined],
    ]);
    expect(await valueAs(backend, "room:ada")).toBe("here");
  });

  it("end when only others renew them", async () => {
    await startActor(own);
    const backend = createBackend();
    await backend.set("room:ada", "here", { ...ada, ttlMs: 50 });
    const changes: string[] = [];
    backend.onChange(({ keys }) => changes.push(...keys));
    while (changes.length === 0) await backend.renew("room:ada", bob).catch(() => {});
    expect(await backend.keys("")).toEqual([]);
  });

  it("are renewed under the key that a hook has made of theirs, and keep their life under it", async () => {
    await startActor({
      setSignal: (_, params, next) => next({ ...params, key: `of-${params["userId"]}:${params.key}` }),
    });
    const backend = createBackend();
    await backend.set("a", 1, { ...ada, ...life });
    await backend.set("a", 1, { ...bob, ...life });
    expect(await backend.renew("a", ada)).toBe(true);
    expect(await backend.renew("a", { context: { userId: "carl" } })).toBe(false);
    expect(await backend.keys("")).toEqual(["of-ada:a", "of-bob:a"]);
    expect([...actor.store.ephemeral.entries()]).toEqual([
      ["of-ada:a", life.ttlMs],
      ["of-bob:a", life.ttlMs],
    ]);
  });

  it("are listed for those who may read them", async () => {
    await startActor({
      getSignal: (_, params, next) => {
        if (params.key === "room:ada" && params["userId"] !== "ada") throw new UserError("Hidden.");
        return next(params);
      },
    });
    const backend = createBackend();
    for (const id of ["ada", "bob"]) await backend.set(`room:${id}`, id, life);
    const key = membersKey("room");
    expect(await valueAs(backend, key, ada)).toMatchObject({ ids: ["ada", "bob"] });
    expect(await valueAs(backend, key, bob)).toMatchObject({ ids: ["bob"] });
    expect(sentText().includes('\\"ada\\",\\"bob\\"')).toBe(true);
    const sent = sentText().length;
    await backend.set("room:carl", "carl", life);
    expect(await valueAs(backend, key, bob)).toMatchObject({ ids: ["bob", "carl"] });
    expect(sentText().slice(sent)).not.toContain('\\"ada\\",');
  });

  it("stay ephemeral when a RivetKit client writes them", async () => {
    await startActor({ setSignal: (_, params, next) => next(params) });
    const backend = createBackend();
    await backend.set("room:a", 1, life);
    await actor.service.clients.perform(actor.context, { name: "setSignal", params: { key: "room:a", value: 2 } });
    await actor.service.clients.perform(actor.context, { name: "setSignal", params: { key: "room:b", value: 2 } });
    expect([...actor.store.ephemeral.entries()]).toEqual([["room:a", life.ttlMs]]);
  });
});
