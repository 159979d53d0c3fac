import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "rivetkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { asNext } from "../../../test/support/next-stores.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { createSocketPair } from "../../../test/support/sockets.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import type { Context, Entry } from "../../core/backend/backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { createReactiveStateActor } from "./actor.ts";
import { issueToken, verifyClient } from "./client-token.ts";
import { encodeContext, type GetContext, withContext } from "../identity/context.ts";
import type { AnyHooks, HookContext, ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { fromReplyError, refusal, toPublicError, toReplyError } from "../wire/refusal.ts";
import { RivetBackend, type RivetBackendOptions } from "../replica/rivet-backend.ts";
import { serveReplica } from "./serve-replica.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { sign } from "../secret/sign.ts";
import { checkServerToken, issueServerToken } from "../wire/server-token.ts";
import { migrateSignalStore } from "../storage/sqlite-storage.ts";

const secret = "a secret of the test";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

const audience = '["reactiveState","global"]';
/** A RivetKit client of the global actor. */
const client = (params: unknown) => ({ name: "reactiveState", key: ["global"], conn: { id: "1", params } });

beforeEach(() => shareSecret(secret));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function startActor(hooks: ReactiveStateActorHooks): Promise<void> {
  actor = new FakeActor(hooks);
  await actor.start();
}

function createBackend(options: Partial<RivetBackendOptions> = {}): RivetBackend {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global", ...options });
  onTestFinished(() => backend.close());
  return backend;
}

/** As whom each write was made. */
async function startAsking(
  options: Partial<RivetBackendOptions> = {},
): Promise<{ backend: RivetBackend; seen: unknown[] }> {
  const seen: unknown[] = [];
  await startActor({
    setSignal: (_, { action: _action, key: _key, value: _value, ...identity }, next) => {
      seen.push(identity);
      return next({ action: _action, key: _key, value: _value });
    },
  });
  return { backend: createBackend(options), seen };
}

const notAContext = (value: unknown): Context => value as Context;
const getting =
  (value: unknown): GetContext =>
  () =>
    value as Context;
const valueIn = (entry: Entry): unknown => (entry.state === "present" ? entry.value : entry.state);
const openConnections = (): number => actor.sockets.filter(({ readyState }) => readyState === 1).length;

async function valueAs(backend: RivetBackend, key: string, context?: Context): Promise<unknown> {
  const reader = await backend.readerFor(context && { context });
  await reader.load([key]);
  return valueIn(reader.entry(key).peek());
}

describe("an identity", () => {
  it.each([undefined, null])("that getContext gives as %j is nobody", async (given) => {
    const { backend, seen } = await startAsking({ getContext: getting(given) });
    await backend.set("k", 1);
    expect(seen).toEqual([{}]);
    expect(actor.sockets).toHaveLength(1);
  });

  it.each([null, undefined])(
    "that a call or a block gives as %j is nobody, and not whom getContext knows",
    async (given) => {
      const { backend, seen } = await startAsking({ getContext: getting({ userId: "admin" }) });
      await withContext(notAContext(given), () => backend.set("k", 1));
      await withContext({ userId: "ada" }, () => withContext(notAContext(given), () => backend.set("k", 2)));
      await backend.set("k", 3, { context: notAContext(null) });
      expect(seen).toEqual([{}, {}, {}]);
    },
  );

  it.each([
    "ada",
    "",
    42,
    0,
    true,
    false,
    ["ada"],
    new Map([["userId", "ada"]]),
    new Date(0),
    Symbol("ada"),
    () => "ada",
  ])("must be an object with fields: %o is refused before anything is sent", async (given) => {
    const { backend, seen } = await startAsking({ getContext: getting(given) });
    const error = await caught(() => backend.set("k", 1));
    expect(error).toMatchObject({ code: "VALUE_UNSERIALIZABLE", message: expect.stringContaining("context") });
    expect(await codeOf(() => withContext(notAContext(given), () => backend.set("k", 1)))).toBe("VALUE_UNSERIALIZABLE");
    expect(await codeOf(() => backend.set("k", 1, { context: notAContext(given) }))).toBe("VALUE_UNSERIALIZABLE");
    expect(await codeOf(() => issueToken(notAContext(given)))).toBe("VALUE_UNSERIALIZABLE");
    expect(seen).toEqual([]);
    expect(actor.sockets.length).toBeLessThan(2);
  });

  it("is what it was when the operation began, whatever becomes of the object", async () => {
    const { backend, seen } = await startAsking();
    const session = { userId: "ada", roles: ["reader"] };
    const written = backend.set("k", 1, { context: session });
    session.userId = "root";
    session.roles.push("admin");
    await written;
    expect(seen).toEqual([{ userId: "ada", roles: ["reader"] }]);
  });

  it("cannot be changed by a hook for the next one", async () => {
    await startActor({
      getSignal: (_, params, next) => {
        const { roles } = params as { roles?: string[] };
        expect(() => roles?.push("admin")).toThrow(TypeError);
        return next(params);
      },
    });
    const backend = createBackend();
    const reader = await backend.readerFor({ context: { roles: ["reader"] } });
    await reader.load(["a", "b"]);
    expect.assertions(2);
  });

  it.each(["__proto__", "constructor", "toString"])(
    "with a field %s gives no hook a field of another name",
    async (name) => {
      let isAdmin: unknown = "not asked";
      await startActor({
        setSignal: (_, params, next) => {
          ({ isAdmin } = params);
          return next(params);
        },
      });
      const context = JSON.parse(`{"${name}":{"isAdmin":true}}`) as Context;
      await caught(() => createBackend().set("k", 1, { context }));
      expect([undefined, "not asked"]).toContain(isAdmin);
      expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    },
  );

  it("does not stay behind after its block: timers and later writes are somebody else's", async () => {
    const { backend, seen } = await startAsking({ getContext: getting({ userId: "session" }) });
    let later: Promise<void> | undefined;
    await withContext({ userId: "block" }, async () => {
      await backend.set("k", 1);
      later = sleep(5).then(() => backend.set("k", 2));
    });
    await backend.set("k", 3);
    await later;
    expect(seen).toEqual([{ userId: "block" }, { userId: "session" }, { userId: "block" }]);
  });

  it('is not asked for in "use cache", where what comes of it is shown to everybody', async () => {
    const getContext = vi.fn<() => Context>(() => ({ userId: "ada" }));
    const { backend, seen } = await startAsking({ getContext });
    const inCache = <R>(fn: () => R): R => asNext({ work: {}, unit: { type: "cache" } }, fn);
    expect(await inCache(() => codeOf(() => backend.set("k", 1)))).toBe("CACHE_PRIVATE");
    expect(getContext).not.toHaveBeenCalled();
    await inCache(() => backend.set("k", 2, { context: { role: "system" } }));
    await inCache(() => withContext({ role: "block" }, () => backend.set("k", 3)));
    const { backend: nobodys, seen: seenByNobody } = await startAsking();
    await inCache(() => nobodys.set("k", 4));
    expect([seen, seenByNobody]).toEqual([[{ role: "system" }, { role: "block" }], [{}]]);
  });

  it("is not asked for by a read where only writes are hooked", async () => {
    const getContext = vi.fn<() => Context>(() => ({ userId: "ada" }));
    const { backend, seen } = await startAsking({ getContext });
    await backend.set("k", 1);
    getContext.mockClear();
    expect(await backend.readerFor()).toBe(backend);
    await backend.keys("");
    expect(getContext).not.toHaveBeenCalled();
    await backend.set("k", 2);
    expect(getContext).toHaveBeenCalledOnce();
    expect(seen).toHaveLength(2);
  });
});

describe("tokens", () => {
  const forgedSignature = (purpose: string, payload: string, key: string): string =>
    `${payload}.${createHmac("sha256", key).update(`kawa-${purpose}\n${payload}`).digest("base64url")}`;
  const clientText = (payload: unknown): string =>
    sign({ purpose: "client", audience, expiresAt: Date.now() + 60_000 }, String(JSON.stringify(payload)));
  const verify = (token: unknown): Promise<Context> => verifyClient(client({ token }));
  const ada = (): Promise<string> => issueToken({ userId: "ada" }, { expiresInMs: 60_000 });

  it("of clients are none of servers, and the other way round", async () => {
    expect(checkServerToken(audience, await ada())).toBe("invalid");
    expect(await codeOf(() => verify(issueServerToken(audience)))).toBe("UNAUTHORIZED");
  });

  it("are refused in every changed form", async () => {
    const token = await ada();
    const [payload, signature] = token.split(".") as [string, string];
    const changed = [
      payload,
      `${payload}.`,
      `.${signature}`,
      token.slice(0, -1),
      token.slice(1),
      `${payload}A.${signature}`,
      `${payload}.${signature.slice(0, 10)}`,
      `${payload}.${signature}${signature}`,
      `${payload}.${"A".repeat(signature.length)}`,
      `${payload}.${payload}.${signature}`,
      `${payload}.${signature}.${signature}`,
      `${payload}=.${signature}`,
      forgedSignature("client", payload, "another secret of the test"),
      forgedSignature("client", payload, ""),
      forgedSignature("server", payload, secret),
      `${payload}\u0000.${signature}`,
      `${payload}😀.${signature}`,
      "é.é",
      ".".repeat(1_000_000),
      "A".repeat(1_000_000),
    ];
    for (const one of changed) expect(await codeOf(() => verify(one))).toBe("UNAUTHORIZED");
    expect(await verify(token)).toEqual({ userId: "ada" });
  });

  it.each([0, false, "", {}, [], 42, true])("are texts: %j is none", async (token) => {
    expect(await codeOf(() => verify(token))).toBe("UNAUTHORIZED");
  });

  it.each([undefined, null, "token", 42, [], { Token: "x" }, { token: null }])(
    "may be missing: params %j are nobody's",
    async (params) => {
      expect(await verifyClient(client(params))).toEqual({});
    },
  );

  it("end, and have no other way to be without an end", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
    const token = await issueToken({ userId: "ada" }, { expiresInMs: 1_000 });
    vi.setSystemTime(1_000_999);
    expect(await verify(token)).toEqual({ userId: "ada" });
    vi.setSystemTime(1_001_000);
    const error = await caught(() => verify(token));
    expect(error).toMatchObject({ code: "UNAUTHORIZED", message: expect.stringContaining("expired") });
    for (const expiresInMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "60000", null, {}, 10n] as never[]) {
      expect(await codeOf(() => issueToken({}, { expiresInMs }))).toBe("OPTION_INVALID");
    }
  });

  it.each([
    ["nothing", undefined],
    ["a number", 7],
    ["null", null],
    ["an object", { length: 2 }],
    ["no session", ["[{}]"]],
    ["no context", [null, null, ""]],
    ["no JSON in the context", ["{", null, ""]],
    ["a text as context", ['["root"]', null, ""]],
    ["a list as context", ['[[1],"root"]', null, ""]],
  ])("of another version, with %s, let nobody in", async (_, payload) => {
    expect(await codeOf(() => verify(clientText(payload)))).toBe("UNAUTHORIZED");
  });

  it("hold no more than 8 KiB, and plain data", async () => {
    expect(await codeOf(() => issueToken({ text: "x".repeat(9_000) }))).toBe("VALUE_TOO_LARGE");
    expect(await codeOf(() => issueToken({ session: new (class Session {})() }))).toBe("VALUE_UNSERIALIZABLE");
  });

  it("and errors do not show the secret", async () => {
    const error = await caught(() => verify("forged.token"));
    for (const text of [await ada(), issueServerToken(audience), String(error), JSON.stringify(error)])
      expect(text).not.toContain(secret);
  });

  it("are not signed with a secret that can be guessed", async () => {
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.secret"));
    vi.resetModules();
    const copy = await import("../wire/server-token.ts");
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("KAWA_SECRET", "short");
    expect(await codeOf(() => copy.issueServerToken(audience))).toBe("SECRET_MISSING");
    expect(await codeOf(() => copy.checkServerToken(audience, "1.AAAA"))).toBe("SECRET_MISSING");
  });
});

describe("what a hook throws", () => {
  const nested = new KawaError("KEY_INVALID", 'Key "internal:ledger:7" is wrong.', {
    data: { key: "internal:ledger:7", count: 1n },
  });
  const thrown: [string, unknown, string][] = [
    ["a text", "not today", "not today"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a symbol", Symbol("no"), "Symbol(no)"],
    ["an object without a prototype", Object.create(null), "{}"],
    ["a frozen error", Object.freeze(new Error("frozen")), "frozen"],
    [
      "an error with a code of Kawa",
      Object.assign(new Error("down"), { code: "BACKEND_UNAVAILABLE", retryable: true }),
      "down",
    ],
    [
      "a failure of a store of its own",
      new KawaError("BACKEND_UNAVAILABLE", "The ledger is down."),
      "The ledger is down.",
    ],
    ["a timeout of its own", new KawaError("BACKEND_TIMEOUT", "The ledger is slow."), "The ledger is slow."],
    ["a conflict of its own", new KawaError("UPDATE_CONFLICT", "The ledger was changed."), "The ledger was changed."],
    ["a mistake of its own", nested, "internal:ledger:7"],
    [
      "a refusal with data that JSON cannot hold",
      new KawaError("ACTION_REFUSED", "No.", { data: { count: 1n } }),
      "No.",
    ],
  ];

  describe.each([
    ["over a socket", false],
    ["in the same process", true],
  ])("%s", (_, isLocal) => {
    it.each(thrown)("reaches server code at once as a refusal with its words: %s", async (_name, error, message) => {
      let calls = 0;
      const refuse = (): never => {
        calls += 1;
        throw error;
      };
      await startActor({ setSignal: refuse, getSignal: refuse, getAllSignals: refuse });
      if (isLocal) {
        const { instance } = actor.store;
        hostedServices.set(instance, actor.service);
        onTestFinished(() => void hostedServices.delete(instance));
      }
      const backend = createBackend();
      const attempts = [
        () => backend.set("k", 1),
        () => valueAs(backend, "k", { userId: "ada" }),
        () => backend.keys(""),
        () => backend.entries(""),
        () => backend.update("k", () => 1),
      ];
      for (const attempt of attempts) {
        const failure = (await caught(attempt)) as KawaError;
        expect(failure).toMatchObject({ code: "ACTION_REFUSED", status: 403, retryable: false });
        expect(failure.message).toContain(message);
      }
      expect(calls).toBe(attempts.length);
      expect(actor.sockets).toHaveLength(1);
      expect(openConnections()).toBe(1);
    });
  });

  it.each(thrown)("tells a client nothing: %s", async (_, error, message) => {
    await startActor({
      setSignal: () => {
        throw error;
      },
    });
    const refused = await caught(() =>
      actor.service.clients.perform(actor.context, { name: "setSignal", params: { key: "k", value: 1 } }),
    );
    const shown = toPublicError(refused);
    expect(shown).toMatchObject({ code: "ACTION_REFUSED", message: "The action was refused.", group: "user" });
    expect(shown.metadata).toBeUndefined();
    expect(shown.cause).toBeUndefined();
    expect(shown.message).not.toContain(message);
  });

  it("as public tells a client its words, and nothing of its cause", async () => {
    const error = new UserError("The shop is closed", { code: "closed", cause: new Error("db-7 is down") });
    await startActor({
      setSignal: () => {
        throw error;
      },
    });
    const refused = await caught(() =>
      actor.service.clients.perform(actor.context, { name: "setSignal", params: { key: "k", value: 1 } }),
    );
    expect(toPublicError(refused)).toMatchObject({ code: "closed", message: "The shop is closed" });
    expect(JSON.stringify(toReplyError(refused))).not.toContain("db-7");
  });

  it("goes over the wire without its stack, its cause and its fields", () => {
    const error = Object.assign(new Error("no", { cause: new Error("inner secret") }), { password: "hunter2" });
    const text = JSON.stringify(toReplyError(refusal(error)));
    expect(JSON.parse(text)).toEqual({ code: "ACTION_REFUSED", message: "no", data: { isPublic: false } });
  });

  it("with a code that this server does not know is a refusal all the same", () => {
    expect(fromReplyError({ code: "FROM_THE_FUTURE", message: "New." })).toMatchObject({
      code: "ACTION_REFUSED",
      retryable: false,
    });
    expect(fromReplyError({ code: "__proto__", message: "New." })).toMatchObject({ code: "ACTION_REFUSED" });
  });
});

describe("what a hook gives", () => {
  it.each([undefined, null, "no", 7, {}, { signals: null }, { signals: "abc" }, { signals: 7 }])(
    "for a list must be { signals }: %j is refused at once, and disturbs nobody else",
    async (result) => {
      await startActor({ getAllSignals: () => result as never });
      const backend = createBackend();
      expect(await codeOf(() => backend.keys(""))).toBe("ACTION_REFUSED");
      expect(await codeOf(() => backend.entries("a:"))).toBe("ACTION_REFUSED");
      expect(openConnections()).toBe(1);
      expect(actor.sockets).toHaveLength(1);
    },
  );

  it("must be storable, one by one", async () => {
    await startActor({ getSignal: (_, { key }) => (key === "bad" ? () => {} : key) });
    const backend = createBackend();
    const reader = await backend.readerFor();
    const [bad, good] = await Promise.allSettled([reader.load(["bad"]), reader.load(["good"])]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "VALUE_UNSERIALIZABLE" } });
    expect(good!.status).toBe("fulfilled");
    expect(openConnections()).toBe(1);
  });
});

describe("next()", () => {
  it("does nothing once its hook has ended, so that nothing happens after the answer", async () => {
    let late: (() => Promise<unknown>) | undefined;
    await startActor({
      setSignal: (_, params, next) => {
        late = () => next(params);
        throw new Error("Refused");
      },
    });
    const backend = createBackend();
    expect(await codeOf(() => backend.set("k", 1))).toBe("ACTION_REFUSED");
    const error = await caught(() => late!());
    expect(String(error)).toContain("after it had ended");
    expect(actor.store.get("k")?.text ?? null).toBeNull();
  });

  it("that fails and is looked at too late, or never, is reported and ends no process", async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on("unhandledRejection", unhandled);
    onTestFinished(() => void process.off("unhandledRejection", unhandled));
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    await startActor({
      setSignal: async (_, params, next) => {
        const result = next(params);
        await sleep(5);
        throw new Error(`Audit failed ${typeof result}`);
      },
      deleteSignal: (_, params, next) => {
        void next({ ...params, key: "a::b" });
        return true;
      },
    });
    const write = { key: "a::b", value: 1 };
    expect(await codeOf(() => actor.service.clients.perform(actor.context, { name: "setSignal", params: write }))).toBe(
      "ACTION_REFUSED",
    );
    expect(await actor.service.clients.perform(actor.context, { name: "deleteSignal", params: { key: "k" } })).toBe(
      true,
    );
    await sleep(5);
    expect(unhandled).not.toHaveBeenCalled();
    expect(report).toHaveBeenCalledTimes(2);
  });

  it.each(["key", "prefix"])("without a %s does not stand for everything", async (field) => {
    await startActor({ clear: (_, params, next) => next({ ...params, [field]: undefined } as never) });
    const backend = createBackend();
    await backend.set("a:1", 1);
    await backend.set("b:1", 1);
    const code = await codeOf(() => backend.clear("a:"));
    expect(code).toBe(field === "prefix" ? "KEY_INVALID" : undefined);
    expect(await backend.keys("")).toEqual(field === "prefix" ? ["a:1", "b:1"] : ["b:1"]);
  });
});

describe("updates of several identities at once", () => {
  it("never give one the value of another", async () => {
    await startActor({
      getSignal: async (_, params, next) => {
        const stored = (await next(params)) as Record<string, string> | undefined;
        const own = stored?.[params.userId];
        return own === undefined ? undefined : { [params.userId]: own };
      },
      setSignal: async (_, params, next) => {
        const own = (params.value as Record<string, string>)[params.userId];
        return next({ ...params, value: { ...all.current, [params.userId]: own } });
      },
    });
    const all = {
      get current(): object {
        return JSON.parse(decodeText(actor.store.get("notes")?.text ?? "[{}]")) as object;
      },
    };
    const backends = [createBackend(), createBackend()];
    const seen: string[] = [];
    const users = ["ada", "bob", "eve"];
    await Promise.all(
      users.flatMap((userId, index) =>
        [1, 2, 3].map(() =>
          backends[index % 2]!.update(
            "notes",
            (entry) => {
              const mine = entry.state === "present" ? (entry.value as Record<string, string>) : {};
              seen.push(...Object.keys(mine).filter((name) => name !== userId));
              return { [userId]: `${mine[userId] ?? ""}${userId} ` };
            },
            { context: { userId } },
          ).then((result) => seen.push(...Object.keys(result as object).filter((name) => name !== userId))),
        ),
      ),
    );
    expect(seen).toEqual([]);
    for (const userId of users)
      expect(await valueAs(backends[0]!, "notes", { userId })).toEqual({ [userId]: `${userId} `.repeat(3) });
    // In quotes: the name of a history may have any of these letters.
    const named = actor.sockets
      .flatMap(({ sent }) => sent)
      .map((frame) => users.filter((name) => frame.includes(`\\"${name}\\"`)));
    expect(named.flat()).toEqual(expect.arrayContaining(users));
    expect(named.filter((names) => names.includes("ada") && names.includes("bob"))).toEqual([]);
  });
});

function decodeText(text: string): string {
  const [shape, ...values] = JSON.parse(text) as [Record<string, number>, ...string[]];
  return JSON.stringify(Object.fromEntries(Object.entries(shape).map(([name, at]) => [name, values[at - 1]])));
}

describe("what nobody in particular may see", () => {
  it("does not stay in the replica when it is refused in another history", async () => {
    let isOpen = true;
    await startActor({
      getSignal: (_, params, next) => {
        if (!isOpen) throw new Error("Closed");
        return next(params);
      },
    });
    const backend = createBackend();
    await backend.set("k", "was public");
    await backend.load(["k"]);
    expect(valueIn(backend.entry("k").peek())).toBe("was public");
    isOpen = false;
    actor.db = new TestDatabase();
    await actor.restart();
    const { epoch } = actor.store.position;
    await vi.waitFor(() => expect(backend.version.epoch).toBe(epoch), { timeout: 10_000 });
    await vi.waitFor(() => expect(backend.entry("k").peek().state).toBe("unknown"), { timeout: 10_000 });
  });
});

describe("what an identity does not see", () => {
  it("is as if it did not exist, until a hook shows it", async () => {
    let isRefused = false;
    await startActor({
      getSignal: async (_, params, next) => {
        if (isRefused) throw new Error("Not yours");
        return params.userId === "ada" ? next(params) : undefined;
      },
    });
    const backend = createBackend();
    await backend.set("k", 1);
    const identityOf = async (context?: Context): Promise<string> => {
      const snapshot = await backend.snapshotFor({ context });
      await snapshot.load(["k"]);
      return snapshot.identity!;
    };
    const identities = await Promise.all([identityOf({ userId: "ada" }), identityOf({ userId: "bob" }), identityOf()]);
    const seen = (key: string) => Promise.all(identities.map((identity) => backend.seesValue(key, identity)));
    expect([await seen("k"), await seen("absent")]).toEqual([
      [true, false, false],
      [false, false, false],
    ]);
    isRefused = true;
    expect(await seen("k")).toEqual([false, false, false]);
  });
});

describe("a stranger's socket", () => {
  const open = (): {
    client: ReturnType<typeof createSocketPair>[0];
    server: ReturnType<typeof createSocketPair>[1];
  } => {
    const [client, server] = createSocketPair();
    serveReplica(actor.service, server, audience);
    return { client, server };
  };
  const turn = async (): Promise<void> => {
    for (let n = 0; n < 3; n += 1) await new Promise(setImmediate);
  };

  it.each([
    ["garbage", () => "\0"],
    ["a request", () => JSON.stringify({ id: 1, type: "read", body: { keys: ["k"] } })],
    ["hello without a token", () => JSON.stringify({ id: 1, type: "hello" })],
    [
      "hello with a client's token",
      async () => JSON.stringify({ id: 1, type: "hello", body: { token: await issueToken({ isAdmin: true }) } }),
    ],
    [
      "hello in its prototype",
      () => `{"__proto__":{"type":"hello","body":{"token":${JSON.stringify(issueServerToken(audience))}}}}`,
    ],
    [
      "a list with a hello",
      () => JSON.stringify([{ id: 1, type: "hello", body: { token: issueServerToken(audience) } }]),
    ],
    [
      "a frame too large for a hello",
      () =>
        JSON.stringify({ id: 1, type: "hello", body: { token: issueServerToken(audience), more: "x".repeat(10_000) } }),
    ],
  ])("hears nothing after %s, and is closed", async (_, text) => {
    await startActor({});
    await createBackend().set("k", "secret");
    const { client, server } = open();
    client.send(await text());
    client.send(JSON.stringify({ id: 2, type: "read", body: { keys: ["k"] } }));
    await turn();
    await actor.store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "k", text: '["secret"]' }] });
    await turn();
    expect(server.sent).toEqual([]);
    expect(server.closedWith).toMatchObject({ code: 4401 });
    expect(server.listenerErrors).toEqual([]);
  });

  it("does not become a server's by a hello after it was refused", async () => {
    await startActor({});
    const { client, server } = open();
    client.send("garbage");
    client.send(JSON.stringify({ id: 1, type: "hello", body: { token: issueServerToken(audience) } }));
    client.send(JSON.stringify({ id: 2, type: "follow", body: { epoch: "", seq: 0 } }));
    await turn();
    expect(server.sent).toEqual([]);
  });

  it("of no use is not parsed, however large the frame", async () => {
    await startActor({});
    const parse = vi.spyOn(JSON, "parse");
    const { client, server } = open();
    client.send("[".repeat(1_000_000));
    await turn();
    expect(parse).not.toHaveBeenCalled();
    expect(server.closedWith).toMatchObject({ code: 4401 });
  });
});

describe("the actor, as RivetKit calls it", () => {
  type Config = {
    onWake(c: object): Promise<void>;
    onSleep(c: object): Promise<void>;
    onConnect(c: object): Promise<void>;
    onDisconnect?(c: object, conn: object): void;
    actions: Record<string, (c: object, ...args: unknown[]) => Promise<unknown>>;
  };

  async function wake(
    hooks: AnyHooks,
  ): Promise<{ config: Config; as: (id: string, params?: unknown, url?: string) => object }> {
    const config = createReactiveStateActor(hooks).config as unknown as Config;
    const db = new TestDatabase();
    await migrateSignalStore(db);
    const base = { name: "identity-test", key: ["global"], actorId: "a", db, vars: { service: undefined } };
    await config.onWake(base);
    onTestFinished(() => config.onSleep(base));
    const as = (id: string, params: unknown = null, url = "http://actor/connect"): object => ({
      ...base,
      conn: { id, params },
      request: { url },
    });
    return { config, as };
  }

  const onlyInvited: AnyHooks = {
    onConnect: (c: HookContext) => {
      if (!(c.conn?.params as { invite?: string } | null)?.invite) throw new Error("No invitation");
    },
    beforeAction: (_, params, next) => next(params),
  };

  it("performs nothing for a connection that onConnect has refused, also when it says that it is a raw socket", async () => {
    const { config, as } = await wake(onlyInvited);
    for (const url of [
      "http://actor/connect",
      "http://x/websocket",
      "http://x/websocket/a",
      "websocket",
      "not a url",
    ]) {
      const c = as(url, {}, url);
      await caught(() => config.onConnect(c));
      for (const action of ["getSignal", "setSignal", "getAllSignals", "clear"]) {
        expect(await codeOf(() => config.actions[action]!(c, "k", 1)), `${action} ${url}`).toBe("ACTION_REFUSED");
      }
    }
  });

  it("asks onConnect once a connection, and again for the next one", async () => {
    const onConnect = vi.fn<NonNullable<AnyHooks["onConnect"]>>();
    const { config, as } = await wake({ ...onlyInvited, onConnect });
    const c = as("1");
    await config.onConnect(c);
    await config.actions["setSignal"]!(c, "k", 1);
    await config.actions["getSignal"]!(c, "k");
    expect(onConnect).toHaveBeenCalledTimes(1);
    config.onDisconnect?.(c, { id: "1" });
    await config.onConnect(as("2"));
    expect(onConnect).toHaveBeenCalledTimes(2);
    expect(onConnect.mock.calls.map(([{ conn }]) => conn?.id)).toEqual(["1", "2"]);
  });

  it("asks onConnect again when an incarnation goes on with a connection of the one before", async () => {
    const onConnect = vi.fn<NonNullable<AnyHooks["onConnect"]>>();
    const { config, as } = await wake({ ...onlyInvited, onConnect });
    await Promise.all([config.actions["getSignal"]!(as("1"), "k"), config.actions["getSignal"]!(as("1"), "k")]);
    expect(onConnect).toHaveBeenCalledTimes(1);
  });

  it("gives a hook the whole prefix, and the empty one for none", async () => {
    const seen: unknown[] = [];
    const { config, as } = await wake({
      beforeAction: (_, params, next) => {
        seen.push((params as { prefix?: unknown }).prefix);
        return next(params);
      },
    });
    await config.actions["clear"]!(as("1"));
    await config.actions["getAllSignals"]!(as("1"), {});
    await config.actions["getAllSignals"]!(as("1"), "a:");
    expect(seen).toEqual(["", "", "a:"]);
  });

  it("has the own fields of an action only from its caller, and the identity only from the token", async () => {
    const seen: unknown[] = [];
    const { config, as } = await wake({
      beforeAction: (_, params) => {
        seen.push({ ...params });
        return undefined;
      },
    });
    const token = await issueToken(
      { userId: "ada", key: "admin:flag", action: "clear", value: "stolen", prefix: "", scope: "read write" },
      { backend: { id: "identity-test/global" } },
    );
    const claims = JSON.parse(
      '{"key":"k","userId":"root","isAdmin":true,"action":"clear","__proto__":{"isAdmin":true}}',
    ) as object;
    await config.actions["setSignal"]!(as("1", { token, userId: "root" }), claims);
    await config.actions["setSignal"]!(as("2", { userId: "root", context: { isAdmin: true } }), claims);
    expect(seen).toEqual([
      { userId: "ada", key: "k", value: undefined, action: "setSignal", prefix: "", scope: "read write" },
      { key: "k", value: undefined, action: "setSignal" },
    ]);
    expect((seen[1] as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it.each([
    [["k"]],
    [{ toString: () => "k" }],
    [7],
    [null],
    ["a\0b"],
    ["\0stream:s"],
    ["\0epoch"],
    ["a\ud800"],
    ["k".repeat(600)],
  ])("stores nothing under the key %j", async (key) => {
    const { config, as } = await wake({ beforeAction: (_, params, next) => next(params) });
    for (const action of ["setSignal", "getSignal", "deleteSignal"]) {
      expect(await codeOf(() => config.actions[action]!(as("1"), { key, value: 1 }))).toBe("KEY_INVALID");
    }
    expect(await config.actions["getAllSignals"]!(as("1"))).toEqual({ signals: {} });
  });
});

describe("identities of one backend at the same time", () => {
  it("see their own, also through encoded contexts that are alike", async () => {
    await startActor({ getSignal: (_, params) => JSON.stringify([params.userId, params["n"]]) });
    const backend = createBackend();
    const contexts: Context[] = [
      {},
      { userId: "1" },
      { userId: 1 },
      { n: 1 },
      { userId: undefined, n: 1 },
      { userId: null },
    ];
    const shown = await Promise.all(contexts.map((context) => valueAs(backend, "k", context)));
    expect(shown).toEqual(["[null,null]", '["1",null]', "[1,null]", "[null,1]", "[null,1]", "[null,null]"]);
    expect(new Set(contexts.map(encodeContext)).size).toBe(contexts.length);
  });
});
