import { UserError } from "rivetkit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor } from "../../../test/support/fake-actor.ts";
import { backendOf, type Place } from "../../../test/support/backend-of.ts";
import { namespace } from "../../core/namespace.ts";
import { withoutHooks } from "./hook-chain.ts";
import type { AnyHooks } from "./hooks.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { shareSecret } from "../secret/shared-secret.ts";

const actors = new Map<string, FakeActor>();

vi.mock("rivetkit/client", () => ({
  createClient: () => ({
    reactiveState: { getOrCreate: (key: string[]) => ({ webSocket: async () => actors.get(key[0]!)!.open(key) }) },
  }),
}));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => {
  hostedServices.clear();
  actors.clear();
});

const ada = { context: { userId: "ada" } };

async function start(hooks: AnyHooks, place: Place, id = "global") {
  const actor = new FakeActor(hooks);
  Object.assign(actor.context, { actorId: id });
  actors.set(id, actor);
  const backend = await backendOf(actor, place, id);
  const space = namespace(`app`, { backend });
  const roleOf = space.family((userId: string) => ({ key: `role:${userId}`, default: "nobody" }));
  const give = (key: string, value: string) =>
    actor.store.write({ number: 0, settled: 0, writes: [{ key: `app:${key}`, text: JSON.stringify([value]) }] });
  return { actor, backend, space, roleOf, give };
}

/** The hooks are told of what they call back when it is there. */
type App = Awaited<ReturnType<typeof start>>;

describe.each<Place>(["beside the actor", "in another process"])("a hook that calls back, %s,", (place) => {
  it.each(["getSignal", "beforeAction"] as const)("looks up a role past the hooks: %s", async (name) => {
    const asked: string[] = [];
    const app: App = await start(
      {
        [name]: async (
          _: unknown,
          params: { userId?: string; key?: string; prefix?: string },
          next: (params: unknown) => unknown,
        ) => {
          asked.push(params.key ?? params.prefix ?? "");
          const role = await withoutHooks(() => app.roleOf(params.userId ?? "").get());
          if (role !== "editor") throw new UserError("Only editors read.");
          return next(params);
        },
      },
      place,
    );
    await app.give("role:ada", "editor");
    const text = app.space.signal("text", "empty");
    expect(await text.get(ada)).toBe("empty");
    expect(await codeOf(() => text.get({ context: { userId: "bob" } }))).toBe("ACTION_REFUSED");
    expect(await app.space.keys(ada)).toEqual(["role:ada"]);
    expect(asked.length).toBeLessThan(6);
  });

  it("reads, writes, updates, deletes, lists and clears past the hooks, also its own key", async () => {
    let calls = 0;
    const app: App = await start(
      {
        beforeAction: async (_, params, next) => {
          calls += 1;
          const { space } = app;
          await withoutHooks(async () => {
            const audit = space.signal<string[]>("audit", []);
            await audit.update((log) => [...log, params.action]);
            await space.signal("text", "").set("from the hook");
            await space.signal("gone", "").set("x");
            await space.signal("gone", "").delete();
            await space.namespace("cache").signal("a", 0).set(1);
            await space.namespace("cache").clear();
            expect(await space.keys()).toEqual(["audit", "text"]);
            expect((await space.entries()).get("text")).toBe("from the hook");
          });
          return next(params);
        },
      },
      place,
    );
    await app.space.signal("text", "").set("mine", ada);
    expect(calls).toBe(1);
    expect(app.actor.store.get("app:text").text).toBe('["mine"]');
    expect(app.actor.store.get("app:audit").text).toContain("setSignal");
  });

  it("ends at once when a getSignal hook asks for itself, and names both", async () => {
    let calls = 0;
    const app: App = await start(
      {
        getSignal: async (_, params, next) => {
          calls += 1;
          if ((await app.roleOf("ada").get(ada)) !== "editor") throw new Error("not an editor");
          return next(params);
        },
      },
      place,
    );
    const error = (await caught(() => app.space.signal("text", "").get(ada))) as Error;
    expect(error).toMatchObject({ code: "HOOK_LOOP" });
    expect(error.message).toContain('getSignal of "app:text" → getSignal of "app:role:ada"');
    expect(calls).toBeLessThan(5);
  });

  it("ends at once when a setSignal hook sets its own key, and the key can be written afterwards", async () => {
    let isEager = true;
    const app: App = await start(
      {
        setSignal: async (_, params, next) => {
          if (isEager) await app.space.signal("text", "").set("changed by the hook", ada);
          return next(params);
        },
      },
      place,
    );
    const text = app.space.signal("text", "");
    expect(await codeOf(() => text.set("mine", ada))).toBe("HOOK_LOOP");
    isEager = false;
    await text.set("mine", ada);
    expect(app.actor.store.get("app:text").text).toBe('["mine"]');
  });

  it.each([
    ["sets a value that grows", async (app: App, n: number) => app.space.signal("text", "").set(`${n}`, ada)],
    ["updates its own key", async (app: App) => app.space.signal("text", "").update((text) => `${text}+`, ada)],
    [
      "sets another key with the same hook",
      async (app: App, n: number) => app.space.signal(`text-${n}`, "").set("x", ada),
    ],
    ["deletes, whose hook sets", async (app: App) => app.space.signal("text", "").delete(ada)],
    ["clears, whose hook sets", async (app: App) => app.space.clear(ada)],
  ])("ends when a setSignal hook %s", async (_, callBack) => {
    let calls = 0;
    const again = async (): Promise<void> => void (await app.space.signal("text", "").set("again", ada));
    const app: App = await start(
      {
        setSignal: async (__, params, next) => {
          await callBack(app, (calls += 1));
          return next(params);
        },
        deleteSignal: async (__, params, next) => again().then(() => next(params)),
        clear: async (__, params, next) => again().then(() => next(params)),
      },
      place,
    );
    const error = (await caught(() => app.space.signal("text", "").set("mine", ada))) as Error;
    expect(error).toMatchObject({ code: "HOOK_LOOP" });
    expect(calls).toBeLessThan(200);
  });

  it("ends when a hook of lists lists, and when a hook of reads lists", async () => {
    let calls = 0;
    const list = async <P, R>(_: unknown, params: P, next: (params: P) => Promise<R>): Promise<R> => {
      calls += 1;
      await app.space.keys(ada);
      return next(params);
    };
    const app: App = await start({ getAllSignals: list, getSignal: list }, place);
    for (let n = 0; n < 20; n += 1) await app.give(`k${n}`, "x");
    expect(await codeOf(() => app.space.keys(ada))).toBe("HOOK_LOOP");
    expect(await codeOf(() => app.space.signal("k1", "").get(ada))).toBe("HOOK_LOOP");
    expect(calls).toBeLessThan(5_000);
  });

  it("goes through a chain of hooks that ends", async () => {
    const app: App = await start(
      {
        getSignal: async (_, params, next) => {
          const depth = Number(params.key.split(":").at(-1));
          return depth > 0 ? `${depth} ${await app.space.signal(`chain:${depth - 1}`, "end").get(ada)}` : next(params);
        },
      },
      place,
    );
    expect(await app.space.signal("chain:40", "").get(ada)).toContain("40 39 38");
    // The role lookup of another identity, whose own hook lets it pass.
    app.actor.hooks = {
      getSignal: async (_, params, next) => {
        if (params["userId"] !== "system") await app.roleOf("ada").get({ context: { userId: "system" } });
        return next(params);
      },
    };
    expect(await app.roleOf("ada").get(ada)).toBe("nobody");
  });

  it("may guard itself against being asked again", async () => {
    const busy = new Set<string>();
    const app: App = await start(
      {
        getSignal: async (_, params, next) => {
          if (busy.has(params.key)) return next(params);
          busy.add(params.key);
          await app.space.signal("text", "").get(ada);
          busy.delete(params.key);
          return next(params);
        },
      },
      place,
    );
    expect(await app.space.signal("text", "").get(ada)).toBe("");
  });

  it("does not hold up others who write what it writes", async () => {
    const app: App = await start(
      {
        setSignal: async (_, params, next) => {
          if (params.key === "app:a") await app.space.signal("b", "").set("from a", ada);
          return next(params);
        },
      },
      place,
    );
    const [a, b] = [app.space.signal("a", ""), app.space.signal("b", "")];
    await Promise.all([a.set("1", ada), b.set("1", ada), a.set("2", ada), b.set("2", ada)]);
    expect(app.actor.store.get("app:a").text).toBe('["2"]');
  });

  it("is not part of it any more when a timer that it has started writes", async () => {
    const late: Promise<void>[] = [];
    const app: App = await start(
      {
        setSignal: async (_, params, next) => {
          if (params.key === "app:a") {
            late.push(
              new Promise((resolve, reject) =>
                setTimeout(() => app.space.signal("a2", "").set("x", ada).then(resolve, reject), 1_200),
              ),
            );
          }
          return next(params);
        },
      },
      place,
    );
    for (let n = 0; n < 3; n += 1) await app.space.signal("a", "").set("x", ada);
    await Promise.all(late);
    expect(app.actor.store.get("app:a2").text).toBe('["x"]');
  });
});

describe("hooks of two actors that ask each other", () => {
  it.each<[Place, Place]>([
    ["beside the actor", "beside the actor"],
    ["beside the actor", "in another process"],
    ["in another process", "in another process"],
  ])("end at once, one %s and one %s", async (placeOfA, placeOfB) => {
    let calls = 0;
    const ask = (other: () => App): AnyHooks => ({
      getSignal: async (_, params, next) => {
        calls += 1;
        await other().space.signal("text", "").get(ada);
        return next(params);
      },
    });
    const a: App = await start(
      ask(() => b),
      placeOfA,
      "a",
    );
    const b: App = await start(
      ask(() => a),
      placeOfB,
      "b",
    );
    const error = await caught(() => a.space.signal("text", "").get(ada));
    expect(error).toMatchObject({ code: "HOOK_LOOP" });
    expect(calls).toBeLessThan(8);
    a.actor.hooks = { getSignal: (_, params, next) => next(params) };
    await a.give("text", "ok");
    expect(await a.space.signal("text", "").get(ada)).toBe("ok");
  });
});

describe("withoutHooks", () => {
  it("is refused outside of hooks", () => {
    expect(() => withoutHooks(() => 1)).toThrow(expect.objectContaining({ code: "HOOK_MISSING" }));
  });

  it("ends with its block, and does not reach what the hook lets pass", async () => {
    const asked: string[] = [];
    const app: App = await start(
      {
        setSignal: async (_, params, next) => {
          asked.push(params.key);
          withoutHooks(() => 1);
          if (params.key === "app:a") await app.space.signal("b", "").set("x", ada);
          return next(params);
        },
      },
      "beside the actor",
    );
    await app.space.signal("a", "").set("x", ada);
    expect(asked).toEqual(["app:a", "app:b"]);
  });

  it("asks nobody who acts", async () => {
    const app: App = await start(
      {
        setSignal: async (_, params, next) =>
          withoutHooks(() => app.space.signal("role", "none").get()).then(() => next(params)),
      },
      "beside the actor",
    );
    app.backend.getContext = () => {
      throw new Error("outside of a request");
    };
    await app.space.signal("a", "").set("x", ada);
    expect(app.actor.store.get("app:a").text).toBe('["x"]');
  });
});
