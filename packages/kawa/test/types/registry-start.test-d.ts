import { actor, type Registry, setup } from "rivetkit";
import { createClient } from "rivetkit/client";
import { describe, expectTypeOf, it } from "vitest";
import {
  createReactiveStateActor,
  initReactiveBackend,
  isReactiveBackendInitialized,
  reactiveRegistry,
  reactiveStateActor,
} from "../../src/rivetkit/index.ts";

const myActor = actor({ state: { count: 0 }, actions: { add: (c, by: number) => (c.state.count += by) } });
const registry = setup({ use: { reactiveState: reactiveStateActor, myActor } });

describe("start", () => {
  it("of reactiveRegistry takes a port", () => {
    expectTypeOf(() => reactiveRegistry.start({ defaultServerPort: 3001 })).returns.toEqualTypeOf<Promise<void>>();
    void (() => reactiveRegistry.start());
    void (() => reactiveRegistry.start({}));
    void ((port: number | undefined) => reactiveRegistry.start({ defaultServerPort: port }));
    // @ts-expect-error -- a port is a number
    void (() => reactiveRegistry.start({ defaultServerPort: "3001" }));
    // @ts-expect-error -- an unknown option
    void (() => reactiveRegistry.start({ port: 3001 }));
  });

  it("of the user's own registry does so too", () => {
    void (() => initReactiveBackend({ registry }));
    expectTypeOf(() => registry.start({ defaultServerPort: 3001 })).returns.toEqualTypeOf<Promise<void>>();
    void (() => registry.start());
    // @ts-expect-error -- a port is a number
    void (() => registry.start({ defaultServerPort: "3001" }));
  });

  it("leaves the rest of RivetKit's types as they are", () => {
    expectTypeOf(registry).toEqualTypeOf<
      Registry<{ reactiveState: typeof reactiveStateActor; myActor: typeof myActor }>
    >();
    expectTypeOf(registry.shutdown).returns.toEqualTypeOf<Promise<void>>();
    const client = createClient<typeof registry>("http://127.0.0.1:3001");
    void (() => expectTypeOf(client.myActor.getOrCreate(["a"]).add(1)).toEqualTypeOf<Promise<number>>());
    // @ts-expect-error -- no such actor
    void (() => client.yourActor);
  });
});

describe("a client of the reactive actor", () => {
  const hooked = setup({
    use: { reactiveState: reactiveStateActor, own: createReactiveStateActor<{ userId: string }>() },
  });
  const client = createClient<typeof hooked>("http://127.0.0.1:3001");

  it.each([client.reactiveState.getOrCreate(["global"]), client.own.getOrCreate(["global"])])(
    "calls its actions with one argument after the other, or with all in one object",
    (state) => {
      void (() => {
        expectTypeOf(state.getSignal("k")).toEqualTypeOf<Promise<unknown>>();
        expectTypeOf(state.getSignal({ key: "k" })).toEqualTypeOf<Promise<unknown>>();
        expectTypeOf(state.setSignal("k", 1)).toEqualTypeOf<Promise<unknown>>();
        expectTypeOf(state.setSignal({ key: "k", value: 1 })).toEqualTypeOf<Promise<unknown>>();
        expectTypeOf(state.deleteSignal("k")).toEqualTypeOf<Promise<boolean>>();
        expectTypeOf(state.getAllSignals()).toEqualTypeOf<Promise<{ signals: Record<string, unknown> }>>();
        expectTypeOf(state.getAllSignals("app:")).toEqualTypeOf<Promise<{ signals: Record<string, unknown> }>>();
        expectTypeOf(state.getStream("s")).toEqualTypeOf<Promise<unknown>>();
        expectTypeOf(state.updateStream("s", 1)).toEqualTypeOf<Promise<unknown>>();
        expectTypeOf(state.deleteStream("s")).toEqualTypeOf<Promise<boolean>>();
        expectTypeOf(state.getAllStreams()).toEqualTypeOf<Promise<{ streams: Record<string, unknown> }>>();
        expectTypeOf(state.registerStream("s")).toEqualTypeOf<Promise<{ produce: boolean }>>();
        expectTypeOf(state.unregisterStream("s")).toEqualTypeOf<Promise<void>>();
        expectTypeOf(state.clear("app:")).toEqualTypeOf<Promise<{ cleared: number }>>();
        expectTypeOf(state.connect().setSignal("k", 1)).toEqualTypeOf<Promise<unknown>>();
        void state.action({ name: "setSignal", args: ["k", 1] });
        // @ts-expect-error -- a key is a text
        void state.getSignal(1);
        // @ts-expect-error -- no value
        void state.setSignal("k");
        // @ts-expect-error -- an identity is in the token, not among the params
        void state.setSignal({ key: "k", value: 1, isAdmin: true });
        // @ts-expect-error -- no such action
        void state.getSignals();
      });
    },
  );

  it("knows the premade registry as well", () => {
    const premade = createClient<typeof reactiveRegistry>("http://127.0.0.1:3001");
    void (() =>
      expectTypeOf(premade.reactiveState.get(["global"]).deleteSignal("k")).toEqualTypeOf<Promise<boolean>>());
  });
});

describe("isReactiveBackendInitialized", () => {
  it("is a yes or no", () => {
    expectTypeOf(isReactiveBackendInitialized).parameters.toEqualTypeOf<[]>();
    expectTypeOf(isReactiveBackendInitialized).returns.toEqualTypeOf<boolean>();
  });
});
