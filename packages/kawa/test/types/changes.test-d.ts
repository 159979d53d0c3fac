import { describe, expectTypeOf, it } from "vitest";
import { namespace, type Signal, type Transaction, transaction } from "../../src/index.react-server.ts";

const app = namespace("types");

describe("changes that commute", () => {
  const counter = app.signal("counter", 0);
  const user = app.signal("user", { name: "Ada", age: 36 });
  const list = app.signal<string[]>("list", []);
  const set = app.signal("set", new Set<number>());

  it("are there where the value fits", () => {
    expectTypeOf(counter.increment).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf(counter.increment).toBeCallableWith(-1, { min: 0, max: 10, context: { userId: "ada" } });
    expectTypeOf(user.merge).toBeCallableWith({ age: 37 });
    expectTypeOf(list.append).toBeCallableWith("a", "b");
    expectTypeOf(list.remove).toBeCallableWith("a");
    expectTypeOf(set.append).toBeCallableWith(1);
    expectTypeOf(app.signal<Record<string, number>>("totals", {}).merge).toBeCallableWith({ a: 1 });
    expectTypeOf(app.signal<readonly number[]>("numbers", []).append).toBeCallableWith(1);
  });

  it("are nowhere else", () => {
    expectTypeOf(app.signal("text", "")).not.toHaveProperty("increment");
    expectTypeOf(app.signal<number | null>("maybe", null)).not.toHaveProperty("increment");
    expectTypeOf(app.signal<1 | 2>("one of", 1)).not.toHaveProperty("increment");
    expectTypeOf(counter).not.toHaveProperty("merge");
    expectTypeOf(list).not.toHaveProperty("merge");
    expectTypeOf(set).not.toHaveProperty("merge");
    expectTypeOf(user).not.toHaveProperty("append");
    expectTypeOf(app.signal("at", new Date())).not.toHaveProperty("merge");
    expectTypeOf(app.signal("map", new Map<string, number>())).not.toHaveProperty("merge");
    expectTypeOf(app.signal<[number, number]>("pair", [0, 0])).not.toHaveProperty("append");
    expectTypeOf<Signal<unknown>>().not.toHaveProperty("increment");
  });

  it("take what the value is made of", () => {
    expectTypeOf(counter.increment).parameter(0).toEqualTypeOf<number | undefined>();
    // @ts-expect-error -- a text is no number
    void (() => counter.increment("1"));
    // @ts-expect-error -- another type of field
    void (() => user.merge({ age: "37" }));
    // @ts-expect-error -- no such field
    void (() => user.merge({ city: "London" }));
    // @ts-expect-error -- a list of texts
    void (() => list.append(1));
    // @ts-expect-error -- a Set of numbers
    void (() => set.remove("1"));
  });
});

describe("a transaction", () => {
  const counter = app.signal("counter", 0);
  const list = app.signal<string[]>("list", []);

  it("gives what its function gives", () => {
    expectTypeOf(transaction((tx) => tx.get(counter))).toEqualTypeOf<Promise<number>>();
    expectTypeOf(transaction(() => "text")).toEqualTypeOf<Promise<string>>();
  });

  it("knows the types of its signals", () => {
    expectTypeOf<Transaction>().toHaveProperty("get");
    void transaction(async (tx) => {
      tx.set(counter, 1);
      tx.increment(counter, 1, { max: 5 });
      tx.append(list, "a");
      tx.merge(app.signal("user", { name: "Ada" }), { name: "Bob" });
      // @ts-expect-error -- a text is no number
      tx.set(counter, "1");
      // @ts-expect-error -- a list is no number
      tx.increment(list);
      // @ts-expect-error -- a list of texts
      tx.append(list, 1);
    });
  });
});
