import { describe, expectTypeOf, it } from "vitest";
import {
  computed,
  type Context,
  isSignal,
  namespace,
  type OperationOptions,
  type Readable,
  type Signal,
  signal,
  useReactive,
} from "../../src/index.react-server.ts";

type Theme = "light" | "dark";

describe("an operation", () => {
  const theme = namespace("types").signal("operation", 0);

  it("may say that a browser has asked for it, and nothing else about where it is from", () => {
    expectTypeOf(theme.delete).toBeCallableWith({ origin: "browser" });
    // @ts-expect-error -- server code is what says nothing
    void theme.delete({ origin: "server" });
  });

  it("of a signal has no number to expect: update() compares", () => {
    expectTypeOf<OperationOptions>().not.toHaveProperty("expect");
    // @ts-expect-error -- of backends alone
    void theme.delete({ expect: 1 });
    // @ts-expect-error -- of backends alone
    void theme.set(1, { expect: 1 });
  });
});

const app = namespace("types");

describe("a signal's type", () => {
  it("is widened from a literal default", () => {
    expectTypeOf(app.signal("counter", 0)).toEqualTypeOf<Signal<number>>();
    expectTypeOf(app.signal("name", "Ada")).toEqualTypeOf<Signal<string>>();
    expectTypeOf(app.signal("on", false)).toEqualTypeOf<Signal<boolean>>();
    expectTypeOf(signal("types:counter", 0)).toEqualTypeOf<Signal<number>>();
    expectTypeOf(signal(0)).toEqualTypeOf<Signal<number>>();
    expectTypeOf(app.signal("position", { x: 0, y: 0 })).toEqualTypeOf<Signal<{ x: number; y: number }>>();
  });

  it("is the annotated one where there is one", () => {
    expectTypeOf(app.signal<Theme>("theme", "dark")).toEqualTypeOf<Signal<Theme>>();
    expectTypeOf(app.signal("theme", "dark" as Theme)).toEqualTypeOf<Signal<Theme>>();
    expectTypeOf(app.signal<string | null>("user", null).value).toEqualTypeOf<string | null>();
    expectTypeOf(app.signal<string[]>("list", []).value).toEqualTypeOf<string[]>();
    // @ts-expect-error -- not one of the union
    void app.signal<Theme>("theme", "blue");
  });

  it("runs through all that reads it", () => {
    const theme = app.signal<Theme>("theme", "dark");
    expectTypeOf(theme.value).toEqualTypeOf<Theme>();
    expectTypeOf(theme.peek()).toEqualTypeOf<Theme>();
    expectTypeOf(theme.get()).toEqualTypeOf<Promise<Theme>>();
    expectTypeOf(theme.initial).toEqualTypeOf<Theme>();
    expectTypeOf(useReactive(theme)).toEqualTypeOf<Theme>();
    expectTypeOf(theme.subscribe).parameter(0).toEqualTypeOf<(value: Theme) => void>();
    // @ts-expect-error -- read only; set() writes
    void (() => (theme.value = "light"));
    // @ts-expect-error -- read only
    void (() => (theme.key = "other"));
  });
});

describe("writing", () => {
  const counter = app.signal("counter", 0);
  const theme = app.signal<Theme>("theme", "dark");

  it("takes the signal's type, or a function of it", () => {
    expectTypeOf(counter.set).parameter(0).toEqualTypeOf<number | ((current: number) => number)>();
    expectTypeOf(counter.set).returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf(counter.update).parameter(0).toEqualTypeOf<(current: number) => number>();
    expectTypeOf(counter.update).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf(counter.delete).returns.toEqualTypeOf<Promise<void>>();
    void (() => theme.set((current) => (current === "dark" ? "light" : "dark")));
  });

  it("refuses anything else", () => {
    expectTypeOf(theme.set).parameter(0).not.toEqualTypeOf<string>();
    // @ts-expect-error -- a text is no number
    void (() => counter.set("1"));
    // @ts-expect-error -- not one of the union
    void (() => theme.set("blue"));
    // @ts-expect-error -- the function gives another type
    void (() => counter.set((n) => String(n)));
    // @ts-expect-error -- update takes a function
    void (() => counter.update(1));
    // @ts-expect-error -- the function gives nothing
    void (() => counter.update(() => {}));
    // @ts-expect-error -- it must not wait: it may run more than once
    void (() => counter.update(async (n) => n + 1));
  });
});

describe("who acts", () => {
  const counter = app.signal("counter", 0);

  it("may be said of every operation", () => {
    expectTypeOf(counter.get).parameter(0).toEqualTypeOf<OperationOptions | undefined>();
    expectTypeOf(counter.set).parameter(1).toEqualTypeOf<OperationOptions | undefined>();
    expectTypeOf(counter.update).parameter(1).toEqualTypeOf<OperationOptions | undefined>();
    expectTypeOf(counter.delete).parameter(0).toEqualTypeOf<OperationOptions | undefined>();
    expectTypeOf(app.keys).parameter(0).toEqualTypeOf<OperationOptions | undefined>();
    expectTypeOf(app.entries).parameter(0).toEqualTypeOf<OperationOptions | undefined>();
    expectTypeOf(app.clear).parameter(0).toEqualTypeOf<OperationOptions | undefined>();
    void (() => counter.set(1, { context: { userId: "ada", roles: ["admin"] } }));
    void (() => counter.set((n) => n + 1, { context: undefined }));
  });

  it("is plain data with names", () => {
    expectTypeOf<Context>().toEqualTypeOf<Readonly<Record<string, unknown>>>();
    // @ts-expect-error -- a context is an object
    void (() => counter.get({ context: "ada" }));
    // @ts-expect-error -- an unknown option
    void (() => counter.delete({ user: "ada" }));
    // @ts-expect-error -- the context is one of the options
    void (() => app.clear("ada"));
  });
});

describe("families, namespaces and computed values", () => {
  it("give a signal of the default's type for the parameter's type", () => {
    const position = app.family((id: string) => ({ key: id, default: { x: 0, y: 0 } }));
    expectTypeOf(position).toEqualTypeOf<(param: string) => Signal<{ x: number; y: number }>>();
    // @ts-expect-error -- the parameter is a text
    void (() => position(1));
    // @ts-expect-error -- a default is needed
    void app.family((id: string) => ({ key: id }));
  });

  it("pass the types of namespaces inside namespaces on", () => {
    expectTypeOf(app.namespace("users").signal("n", 0)).toEqualTypeOf<Signal<number>>();
    // @ts-expect-error -- a namespace needs a name
    void (() => namespace());
    // @ts-expect-error -- a key and a default are needed
    void (() => app.signal("n"));
    // @ts-expect-error -- not a backend
    void (() => namespace("x", { backend: "memory" }));
  });

  it("list keys and values whose type nobody knows", () => {
    expectTypeOf(app.keys()).toEqualTypeOf<Promise<readonly string[]>>();
    expectTypeOf(app.entries()).toEqualTypeOf<Promise<ReadonlyMap<string, unknown>>>();
    expectTypeOf(app.clear()).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error -- read only
    void (async () => (await app.entries()).set("a", 1));
  });

  it("infer what a computed gives, and make it read only", () => {
    const counter = app.signal("counter", 0);
    const text = computed(() => `${counter.value}`);
    expectTypeOf(text).toEqualTypeOf<Readable<string>>();
    expectTypeOf(useReactive(text)).toEqualTypeOf<string>();
    // @ts-expect-error -- a computed cannot be written
    void (() => text.set("1"));
  });

  it("are told apart by isSignal", () => {
    const value: unknown = 1;
    const asSignal = isSignal(value) ? value : undefined;
    expectTypeOf(asSignal).toEqualTypeOf<Signal<unknown> | undefined>();
  });
});
