import type { NextConfig } from "next";
import { describe, expectTypeOf, it } from "vitest";
import { isKawaError, KawaError, type KawaErrorCode, publicMessage } from "../../src/index.react-server.ts";
import { withKawa } from "../../src/next/config.ts";
import { createReactiveRoute } from "../../src/next/index.ts";
import { initReactiveBackend, reactiveRegistry, type ReactiveBackend } from "../../src/rivetkit/index.ts";

describe("options", () => {
  it("of initReactiveBackend need a registry only", () => {
    expectTypeOf(initReactiveBackend).returns.toEqualTypeOf<ReactiveBackend>();
    void (() => initReactiveBackend({ registry: reactiveRegistry }));
    void (() =>
      initReactiveBackend({ registry: reactiveRegistry, actorName: "reactiveState", actorId: "a", global: false }));
    // @ts-expect-error -- a registry is needed
    void (() => initReactiveBackend({}));
    // @ts-expect-error -- an unknown option
    void (() => initReactiveBackend({ registry: reactiveRegistry, actor: "a" }));
  });

  it("of withKawa are those of Next", () => {
    expectTypeOf(withKawa()).toEqualTypeOf<NextConfig>();
    expectTypeOf(withKawa({ reactStrictMode: true })).toEqualTypeOf<NextConfig>();
    expectTypeOf(withKawa(async (phase) => ({ env: { phase } }))).toBeFunction();
    // @ts-expect-error -- an unknown option
    void (() => withKawa({}, { backends: "./lib/backend.ts" }));
  });

  it("of the route carry their unit", () => {
    expectTypeOf(createReactiveRoute).returns.toHaveProperty("POST");
    void (() => createReactiveRoute({ pingIntervalMs: 1_000 }));
    // @ts-expect-error -- a number of milliseconds
    void (() => createReactiveRoute({ pingIntervalMs: "1s" }));
  });
});

describe("errors", () => {
  it("have a code of the table", () => {
    expectTypeOf<KawaError["code"]>().toEqualTypeOf<KawaErrorCode>();
    void (() => new KawaError("KEY_INVALID", "x"));
    // @ts-expect-error -- no such code
    void (() => new KawaError("NO_SUCH_CODE", "x"));
    // @ts-expect-error -- no such code
    void (() => isKawaError(new Error("x"), "NO_SUCH_CODE"));
  });

  it("are turned into a text for the browser, whatever they are", () => {
    expectTypeOf(publicMessage).returns.toEqualTypeOf<string>();
    expectTypeOf(publicMessage).parameter(0).toEqualTypeOf<unknown>();
    expectTypeOf(publicMessage).parameter(1).toEqualTypeOf<string | undefined>();
  });

  it("are narrowed by isKawaError", () => {
    const error: unknown = new Error("x");
    const narrowed = isKawaError(error) ? error : undefined;
    expectTypeOf(narrowed).toEqualTypeOf<KawaError | undefined>();
  });
});
