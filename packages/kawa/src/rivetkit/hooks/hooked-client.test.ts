import { beforeEach, describe, expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { attachSettings, keepLatestSettings } from "./actor-settings.ts";
import { runInHook } from "./hook-chain.ts";
import type { HookChain } from "../wire/protocol.ts";
import { hooksOf, takeHooks, withHookedClient } from "./hooked-client.ts";
import type { HookContext } from "./hooks.ts";
import { shareSecret } from "../secret/shared-secret.ts";

type Sent = {
  actorName: string;
  options: { params?: unknown; getParams?: () => Promise<unknown> } | undefined;
  args?: readonly unknown[];
  connected?: unknown;
};

let sent: Sent[];

/** As RivetKit's client: a handle for each actor, and any name is an action of it. */
function createFakeClient(): Record<string, never> {
  const handleOf = (of: Sent): object => {
    const raw = {
      async action({ args }: { args: readonly unknown[] }) {
        sent.push({ ...of, args });
        return "done";
      },
      connect: (connected: unknown) => handleOf({ ...of, connected }),
    };
    return new Proxy(raw, {
      get: (target, name) =>
        name === "then"
          ? undefined
          : name in target
            ? Reflect.get(target, name)
            : (...args: unknown[]) => target.action({ args }),
    });
  };
  const open = (actorName: string, _: unknown, options?: Sent["options"]): object => handleOf({ actorName, options });
  const create = async (...args: Parameters<typeof open>): Promise<object> => open(...args);
  const raw = { get: open, getOrCreate: open, getForId: open, create };
  return new Proxy(raw, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      return Object.fromEntries(
        Object.entries(raw).map(([method, run]) => [method, (...args: [unknown]) => run(String(name), ...args)]),
      );
    },
  }) as never;
}

// oxlint-disable-next-line typescript/no-explicit-any -- clients of RivetKit have the names of the app's actors
type AnyClient = any;

function createContext(): { c: HookContext; client: () => AnyClient } {
  const client = createFakeClient();
  const c = withHookedClient({ actorId: "id", client: () => client } as unknown as HookContext);
  return { c, client: () => c.client() as AnyClient };
}

const call = { actorId: "id", name: "setSignal", params: { key: "k", value: 1 } } as const;
const inHook = <T>(fn: () => T | Promise<T>, before: HookChain = []): Promise<T> =>
  runInHook({ hook: "setSignal", call, before }, fn);

beforeEach(() => {
  shareSecret("a secret of the test");
  sent = [];
  const definition = {};
  attachSettings(definition, { hooks: {}, maxValueBytes: 1_000 });
  keepLatestSettings({ ours: definition, theirs: {} });
});
const opened: [string, (client: AnyClient) => AnyClient][] = [
  ["get", (client) => client.ours.get(["a"])],
  ["getOrCreate", (client) => client.ours.getOrCreate(["a"], { params: { token: "t" } })],
  ["getForId", (client) => client.ours.getForId("id")],
  ["create", (client) => client.ours.create(["a"])],
  ["get of the client", (client) => client.get("ours", ["a"])],
  ["getOrCreate of the client", (client) => client.getOrCreate("ours", ["a"])],
  ["getForId of the client", (client) => client.getForId("ours", "id")],
  ["create of the client", (client) => client.create("ours", ["a"])],
  ["connect", (client) => client.ours.get(["a"]).connect()],
];

describe.each(opened)("an actor that a hook has found with %s", (_, open) => {
  it("is told which hooks wait", async () => {
    const { client } = createContext();
    const before = [{ hook: "getSignal", target: "first", call: "digest" }];
    await inHook(async () => (await open(client())).setSignal("k", { v: 1 }), before);
    const { args, chain } = takeHooks(sent[0]!.args!);
    expect(args).toEqual(["k", { v: 1 }]);
    expect(chain).toEqual([before[0], expect.objectContaining({ hook: "setSignal", target: "k" })]);
    expect(hooksOf({ conn: { id: "c", params: sent[0]!.options!.params } })).toHaveLength(2);
  });

  it("hears nothing outside of hooks", async () => {
    const { client } = createContext();
    await (await open(client())).setSignal({ key: "k", value: 1 });
    expect(sent[0]!.args).toEqual([{ key: "k", value: 1 }]);
  });
});

describe("the client of a hook", () => {
  it("keeps the app's own connection params", async () => {
    const { client } = createContext();
    await inHook(async () => {
      await client()
        .ours.getOrCreate(["a"], { params: { token: "t" }, getParams: async () => ({ token: "later" }) })
        .getSignal("k");
      await client().ours.getOrCreate(["a"]).connect({ token: "connected" }).getSignal("k");
      await client().ours.getOrCreate(["a"], { params: "a text" }).getSignal("k");
    });
    expect(sent[0]!.options!.params).toMatchObject({ token: "t" });
    const later = await sent[0]!.options!.getParams!();
    expect(later).toMatchObject({ token: "later" });
    for (const params of [later, sent[1]!.connected]) expect(hooksOf({ conn: { id: "c", params } })).toHaveLength(1);
    expect(sent[1]!.connected).toMatchObject({ token: "connected" });
    expect(sent[2]!.options!.params).toBe("a text");
  });

  it("leaves actors of other kinds, and other actions, as they are", async () => {
    const { client } = createContext();
    await inHook(async () => {
      await client().theirs.getOrCreate(["a"]).setSignal("k", 1);
      await client().getOrCreate("theirs", ["a"]).setSignal("k", 1);
      await client().ours.getOrCreate(["a"]).another("k", 1);
    });
    expect(sent.map(({ args }) => args)).toEqual([
      ["k", 1],
      ["k", 1],
      ["k", 1],
    ]);
    expect(sent[0]!.options).toBeUndefined();
  });

  it("is told of a loop by name", async () => {
    const failing = { action: () => Promise.reject(Object.assign(new Error("a → b"), { code: "HOOK_LOOP" })) };
    const c = withHookedClient({ client: () => ({ ours: { get: () => failing } }) } as unknown as HookContext);
    const error = (await caught(() => (c.client() as AnyClient).ours.get(["a"]).getSignal("k"))) as Error;
    expect(error).toMatchObject({ name: "KawaError", code: "HOOK_LOOP", message: expect.stringContaining("a → b") });
    // Clients are told of a cause that is meant for people.
    expect(error.cause).toBeUndefined();
  });
});

it.each([["made up"], [1], [null], [{}]])("hooks that a stranger makes up are no hooks: %j", (kawaHooks) => {
  const args = ["k", { kawaHooks }];
  expect(takeHooks(args)).toEqual({ args });
  expect(hooksOf({ conn: { id: "c", params: { kawaHooks } } })).toBeUndefined();
});

it("hooks that were signed with another secret are no hooks", async () => {
  const { client } = createContext();
  await inHook(() => client().ours.get(["a"]).setSignal("k", 1));
  shareSecret("another secret of somebody", []);
  expect(takeHooks(sent[0]!.args!).chain).toBeUndefined();
});
