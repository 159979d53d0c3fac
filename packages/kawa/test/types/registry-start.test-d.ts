import { actor, type Registry, setup } from "rivetkit";
import { createClient } from "rivetkit/client";
import { describe, expectTypeOf, it } from "vitest";
import {
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

describe("isReactiveBackendInitialized", () => {
  it("is a yes or no", () => {
    expectTypeOf(isReactiveBackendInitialized).parameters.toEqualTypeOf<[]>();
    expectTypeOf(isReactiveBackendInitialized).returns.toEqualTypeOf<boolean>();
  });
});
