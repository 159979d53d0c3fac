import { describe, expectTypeOf, it } from "vitest";
import { type ReactiveStream, type Signal, type StreamStart, useReactive, useReactiveStream } from "../../src/index.ts";

declare const symbol: string;
declare const counter: Signal<number>;

describe("inline streams", () => {
  it("have the type of their initial value, wider than a literal", () => {
    const price = useReactive(
      0,
      (stream) => {
        expectTypeOf(stream).toEqualTypeOf<ReactiveStream<number>>();
        expectTypeOf(stream.value).toEqualTypeOf<number>();
        expectTypeOf(stream.set).toEqualTypeOf<(value: number) => Promise<void>>();
        expectTypeOf(stream.signal).toEqualTypeOf<AbortSignal>();
        void stream.set(5);
      },
      [symbol],
    );
    expectTypeOf(price).toEqualTypeOf<number>();
    expectTypeOf(
      useReactiveStream("", (stream) => void stream.update((text) => text + symbol), [symbol]),
    ).toEqualTypeOf<string>();
    expectTypeOf(useReactive<"up" | "down">("up", (stream) => void stream.set("down"), [])).toEqualTypeOf<
      "up" | "down"
    >();
    expectTypeOf(useReactive(null as number | null, (stream) => void stream.set(1), [])).toEqualTypeOf<number | null>();
  });

  it("take functions with and without a clean-up, asynchronous or not", () => {
    useReactiveStream(0, () => {}, []);
    useReactiveStream(0, () => () => {}, []);
    useReactiveStream(0, async () => {}, []);
    useReactiveStream(
      0,
      async ({ set }) => {
        const timer = setInterval(() => set(1), 1_000);
        return () => clearInterval(timer);
      },
      [symbol] as const,
    );
    expectTypeOf<StreamStart<number>>().parameter(0).toEqualTypeOf<ReactiveStream<number>>();
  });

  it("refuse what cannot work", () => {
    expectTypeOf(useReactiveStream<number>)
      .parameter(2)
      .toEqualTypeOf<readonly unknown[]>();
    // @ts-expect-error -- deps are needed
    void (() => useReactive(0, () => {}));
    // @ts-expect-error -- deps are needed
    void (() => useReactiveStream(0, () => {}));
    // @ts-expect-error -- not of the initial value's type
    void (() => useReactiveStream(0, (stream) => void stream.set("1"), []));
    // @ts-expect-error -- not a function
    void (() => useReactiveStream(0, 1_000, []));
    // @ts-expect-error -- a timer is no clean-up
    void (() => useReactiveStream(0, () => setInterval(() => {}, 1_000), []));
    // @ts-expect-error -- read only
    void (() => useReactiveStream(0, (stream) => void (stream.value = 1), []));
  });

  it("leave the reading of signals as it was", () => {
    expectTypeOf(useReactive(counter)).toEqualTypeOf<number>();
    // @ts-expect-error -- neither a signal nor a stream
    void (() => useReactive(1));
  });
});
