import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import {
  type ActionParams,
  type AnyHooks,
  type HookContext,
  hookedBy,
  isCovered,
  type ReactiveStateActorHooks,
  runHooks,
} from "./hooks.ts";

const c = { actorId: "test" } as HookContext;
const params = { key: "k", value: 1, userId: "ada" };

type Action = (params: ActionParams<"setSignal">) => Promise<unknown>;

function setSignal(hooks: AnyHooks, action = vi.fn<Action>(async ({ value }) => value)) {
  return { action, result: runHooks({ hooks, c, name: "setSignal", params }, action) };
}

describe("the hooks of an action", () => {
  it("run in order: beforeAction, the action's own, the action", async () => {
    const order: string[] = [];
    const hooks: AnyHooks = {
      beforeAction: async (_, given, next) => {
        order.push(`beforeAction ${given.action}`);
        const result = await next(given);
        order.push("after");
        return result;
      },
      setSignal: async (_, given, next) => {
        order.push(`setSignal ${given.key}`);
        return next(given);
      },
      getSignal: async () => order.push("getSignal"),
    };
    const { result } = setSignal(
      hooks,
      vi.fn<Action>(async () => order.push("action")),
    );
    await result;
    expect(order).toEqual(["beforeAction setSignal", "setSignal k", "action", "after"]);
  });

  it("see who acts, which action it is, and the actor's context", async () => {
    const beforeAction = vi.fn<NonNullable<AnyHooks["beforeAction"]>>((_, given, next) => next(given));
    await setSignal({ beforeAction }).result;
    expect(beforeAction.mock.calls[0]!.slice(0, 2)).toEqual([
      c,
      { action: "setSignal", key: "k", value: 1, userId: "ada" },
    ]);
  });

  it("may give next() changed params, but not another action", async () => {
    const { action, result } = setSignal({
      beforeAction: (_, given, next) => next({ ...given, action: "clear", by: given.userId } as never),
      setSignal: (_, given, next) => next({ ...given, value: `${given.value} by ${given.by}` }),
    });
    expect(await result).toBe("1 by ada");
    expect(action).toHaveBeenCalledExactlyOnceWith({
      action: "setSignal",
      key: "k",
      value: "1 by ada",
      userId: "ada",
      by: "ada",
    });
  });

  it("may call next() without params, and then gets its own", async () => {
    const { action, result } = setSignal({ setSignal: (_, __, next) => (next as () => Promise<unknown>)() });
    expect(await result).toBe(1);
    expect(action).toHaveBeenCalledExactlyOnceWith({ action: "setSignal", ...params });
  });

  it("decide what the caller gets", async () => {
    const { result } = setSignal({
      setSignal: async (_, given, next) => `own(${await next(given)})`,
      beforeAction: async (_, given, next) => `before(${await next(given)})`,
    });
    expect(await result).toBe("before(own(1))");
  });

  it("may refuse, and then the action does not happen", async () => {
    const { action, result } = setSignal({
      setSignal: () => {
        throw new Error("Admin access required");
      },
    });
    expect(await caught(() => result)).toEqual(new Error("Admin access required"));
    expect(action).not.toHaveBeenCalled();
  });

  it("may answer without the action", async () => {
    const { action, result } = setSignal({ setSignal: () => "instead" });
    expect(await result).toBe("instead");
    expect(action).not.toHaveBeenCalled();
  });

  it("may call next() once only", async () => {
    const { action, result } = setSignal({
      setSignal: async (_, given, next) => {
        await next(given);
        return next(given);
      },
    });
    expect(await caught(() => result)).toMatchObject({ message: expect.stringContaining("next() twice") });
    expect(action).toHaveBeenCalledTimes(1);
  });

  it("hear of the action's own failure", async () => {
    const seen: unknown[] = [];
    const failure = new Error("no disk");
    const { result } = setSignal(
      {
        beforeAction: async (_, given, next) => {
          try {
            return await next(given);
          } catch (error) {
            seen.push(error);
            throw error;
          }
        },
      },
      vi.fn<Action>(async () => {
        throw failure;
      }),
    );
    expect(await caught(() => result)).toBe(failure);
    expect(seen).toEqual([failure]);
  });
});

describe("which operations take the long way", () => {
  it.each<[keyof AnyHooks, string]>([
    ["onConnect", ""],
    ["beforeAction", "reads writes lists"],
    ["getSignal", "reads lists"],
    ["setSignal", "writes"],
    ["deleteSignal", "writes"],
    ["getAllSignals", "lists"],
    ["getStream", "reads"],
    ["updateStream", "writes"],
    ["deleteStream", "writes"],
    ["getAllStreams", ""],
    ["clear", "writes"],
  ])("%s: %s", (name, expected) => {
    const hooked = hookedBy({ [name]: () => {} });
    expect(
      Object.entries(hooked)
        .flatMap(([operation, is]) => (is ? [operation] : []))
        .join(" "),
    ).toBe(expected);
  });
});

describe("an action is open to clients", () => {
  it("when a hook of its own or beforeAction decides about it", () => {
    expect(isCovered({}, "getSignal")).toBe(false);
    expect(isCovered({ setSignal: () => {} }, "getSignal")).toBe(false);
    expect(isCovered({ onConnect: () => {} }, "getSignal")).toBe(false);
    expect(isCovered({ getSignal: () => {} }, "getSignal")).toBe(true);
    expect(isCovered({ beforeAction: () => {} }, "registerStream")).toBe(true);
  });

  it("not to delete all at once past a hook that decides about single deletions", () => {
    expect(isCovered({ beforeAction: () => {} }, "clear")).toBe(true);
    expect(isCovered({ beforeAction: () => {}, deleteSignal: () => true }, "clear")).toBe(false);
    expect(isCovered({ deleteSignal: () => true, clear: () => ({ cleared: 0 }) }, "clear")).toBe(true);
  });
});

describe("the types of hooks", () => {
  type AppContext = { userId: string; isAdmin: boolean };

  it("know the params of each action and the fields of the app's context, which may be missing", () => {
    const hooks: ReactiveStateActorHooks<AppContext> = {
      setSignal: (_, given, next) => {
        expectTypeOf(given.key).toEqualTypeOf<string>();
        expectTypeOf(given.value).toEqualTypeOf<unknown>();
        expectTypeOf(given.userId).toEqualTypeOf<string | undefined>();
        expectTypeOf(given.action).toEqualTypeOf<"setSignal">();
        return next(given);
      },
      getAllSignals: async (_, given, next) => {
        expectTypeOf((await next(given)).signals).toEqualTypeOf<Record<string, unknown>>();
        return { signals: {} };
      },
      // @ts-expect-error -- it has to give { signals }
      getAllStreams: async () => ({ signals: {} }),
      beforeAction: (_, given, next) => {
        if (given.action === "updateStream") expectTypeOf(given.scope).toEqualTypeOf<string>();
        return next(given);
      },
    };
    expect(Object.keys(hooks)).toHaveLength(4);
  });

  it("let hooks read any field where the app has not told its context", () => {
    expectTypeOf<ActionParams<"setSignal">["key"]>().toEqualTypeOf<string>();
    const hooks: ReactiveStateActorHooks = {
      setSignal: (_, given, next) => (given.userId === "ada" ? next(given) : undefined),
    };
    expect(hooks.setSignal).toBeDefined();
  });
});
