import { describe, expectTypeOf, it } from "vitest";
import {
  memberIdsOf,
  membersOf,
  namespace,
  type Signal,
  signal,
  type SignalWrite,
  type StandardSchema,
  usePresence,
  useReactive,
  useSignalWrite,
} from "../../src/index.ts";
import { createReactiveRoute } from "../../src/next/index.ts";

declare const numbers: StandardSchema<number>;
const app = namespace("types");

describe("exposure", () => {
  it("keeps the type of the value", () => {
    expectTypeOf(app.signal("a", 0, { expose: "read" })).toEqualTypeOf<Signal<number>>();
    expectTypeOf(app.signal<"x" | "y">("b", "x", { expose: "write" })).toEqualTypeOf<Signal<"x" | "y">>();
    expectTypeOf(signal("c", 0, { expose: "write", schema: numbers })).toEqualTypeOf<Signal<number>>();
  });

  it("takes two ways, and a schema of the signal's own type", () => {
    expectTypeOf(app.signal).toBeCallableWith("d", 0, { expose: "read" });
    // @ts-expect-error: a signal is read or written, there is nothing more
    app.signal("d", 0, { expose: "delete" });
    // @ts-expect-error: the schema gives numbers
    app.signal("e", "text", { expose: "write", schema: numbers });
  });

  it("takes families whose parameters are texts", () => {
    expectTypeOf(app.family((id: string) => ({ key: id, default: 0 }), { expose: "read" })).toEqualTypeOf<
      (id: string) => Signal<number>
    >();
    app.family(({ a, b }: { a: string; b: "x" | "y" }) => ({ key: `${a}:${b}`, default: 0 }), { expose: "read" });
    // @ts-expect-error: the server would find "5", which is not 5
    app.family((id: number) => ({ key: `n:${id}`, default: 0 }), { expose: "read" });
    app.family((id: number) => ({ key: `n:${id}`, default: 0 }));
  });
});

describe("ephemeral families", () => {
  type At = { room: "kitchen" | "hall"; id: string };
  const visitors = app.family((at: At) => ({ key: `${at.room}:${at.id}`, default: "" }), { ttlMs: 10_000 });
  const people = app.family((id: string) => ({ key: id, default: 0 }), { expose: "write", ttlMs: 10_000 });

  it("keep the types of parameter and value", () => {
    expectTypeOf(visitors({ room: "hall", id: "1" })).toEqualTypeOf<Signal<string>>();
    expectTypeOf(useReactive(membersOf(people))).toEqualTypeOf<ReadonlyMap<string, number>>();
    expectTypeOf(useReactive(memberIdsOf(visitors, { room: "hall" }))).toEqualTypeOf<readonly string[]>();
    expectTypeOf(usePresence((tab) => visitors({ room: "hall", id: tab }), "Ada")).toHaveProperty("error");
    // @ts-expect-error: there is no such room
    memberIdsOf(visitors, { room: "attic" });
    // @ts-expect-error: which room
    memberIdsOf(visitors);
    // @ts-expect-error: the values are numbers
    usePresence(people("1"), "here");
    // @ts-expect-error: its members stay
    memberIdsOf(app.family((id: string) => ({ key: id, default: 0 }), { expose: "write" }));
  });
});

describe("client components", () => {
  it("read and write with the signal's type", () => {
    const theme = app.signal<"light" | "dark">("theme", "light", { expose: "write" });
    expectTypeOf(useReactive(theme)).toEqualTypeOf<"light" | "dark">();
    expectTypeOf(useSignalWrite(theme)).toEqualTypeOf<SignalWrite<"light" | "dark">>();
    // @ts-expect-error: no such theme
    void useSignalWrite(theme).set("blue");
  });

  it("reach what the modules of the route define", () => {
    expectTypeOf(createReactiveRoute({ signals: [{ theme: app.signal("t", 0) }, {}] })).toHaveProperty("PUT");
  });
});
