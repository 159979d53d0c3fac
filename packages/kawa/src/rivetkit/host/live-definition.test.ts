import { actor } from "rivetkit";
import { describe, expect, it } from "vitest";
import { LiveDefinition } from "./live-definition.ts";

type Callable = (...args: unknown[]) => unknown;

function configOf(live: LiveDefinition): Record<string, Callable> & { actions: Record<string, Callable> } {
  return live.definition.config as never;
}

const define = (config: object) => actor(config as never);

describe("a live definition", () => {
  it("calls the hooks and actions of its definition with all arguments", () => {
    const live = new LiveDefinition(
      define({ onWake: (c: unknown) => `woke ${c}`, actions: { add: (_c: unknown, a: number, b: number) => a + b } }),
    );
    expect(configOf(live)["onWake"]!("c")).toBe("woke c");
    expect(configOf(live).actions["add"]!("c", 1, 2)).toBe(3);
  });

  it("runs the new code after replace, through the same definition object", () => {
    const live = new LiveDefinition(define({ onWake: () => "old hook", actions: { name: () => "old action" } }));
    const { definition } = live;
    const { onWake, actions } = configOf(live);
    expect(live.replace(define({ onWake: () => "new hook", actions: { name: () => "new action" } }))).toBe(true);
    expect(live.definition).toBe(definition);
    expect(onWake!()).toBe("new hook");
    expect(actions["name"]!()).toBe("new action");
  });

  it("can be replaced again and again", () => {
    const live = new LiveDefinition(define({ actions: { n: () => 0 } }));
    for (let n = 1; n <= 3; n += 1) live.replace(define({ actions: { n: () => n } }));
    expect(configOf(live).actions["n"]!()).toBe(3);
  });

  it("passes on what an action throws", () => {
    const live = new LiveDefinition(
      define({
        actions: {
          fail: () => {
            throw new Error("from the action");
          },
        },
      }),
    );
    expect(() => configOf(live).actions["fail"]!()).toThrow("from the action");
  });

  it.each<[string, object]>([
    ["an action was added", { actions: { a: () => 1, b: () => 2 } }],
    ["an action was removed", { actions: {} }],
    ["an action was renamed", { actions: { b: () => 1 } }],
    ["a hook was added", { onSleep: () => {}, actions: { a: () => 1 } }],
    ["an option changed", { options: { sleepTimeout: 2_000 }, actions: { a: () => 1 } }],
  ])("refuses to be replaced when %s, and goes on as before", (_, changed) => {
    const live = new LiveDefinition(define({ actions: { a: () => "old" } }));
    expect(live.replace(define(changed))).toBe(false);
    expect(configOf(live).actions["a"]!()).toBe("old");
  });

  it("accepts the same shape in another order", () => {
    const live = new LiveDefinition(define({ onWake: () => 1, actions: { a: () => 1, b: () => 2 } }));
    expect(live.replace(define({ actions: { b: () => 3, a: () => 4 }, onWake: () => 5 }))).toBe(true);
    expect(configOf(live).actions["a"]!()).toBe(4);
  });

  it("keeps the marks that RivetKit sets on functions", () => {
    const mark = Symbol("mark");
    const run = Object.assign(() => {}, { [mark]: "a workflow" });
    const live = new LiveDefinition(define({ run, actions: {} }));
    expect(configOf(live)["run"]).toMatchObject({ [mark]: "a workflow" });
  });

  it("keeps what is not code as it is", () => {
    const options = { sleepTimeout: 1_000 };
    const state = { count: 0 };
    const live = new LiveDefinition(define({ state, options, actions: {} }));
    expect(live.definition.config).toMatchObject({ state, options });
  });
});
