import { collection, type InvalidRow, namespace, type Row, type Signal, type StandardSchema } from "kawa";
import { expectTypeOf, it } from "vitest";

type Todo = { list: string; rank: number; at: Date; tags: string[] };

const app = namespace("types");
const todos = collection<Todo>(app, "todos", { indexes: { byList: ["list", "rank"], byDate: ["at"] } });

it("a query gives rows with their ids, and counts a number", () => {
  expectTypeOf(todos.query().value).toEqualTypeOf<readonly Row<Todo>[]>();
  expectTypeOf(todos.count().value).toEqualTypeOf<number>();
  expectTypeOf(todos.first().value).toEqualTypeOf<Row<Todo> | undefined>();
  expectTypeOf(todos("a").value).toEqualTypeOf<Todo | undefined>();
});

it("rows that do not fit are shown where they are asked for", () => {
  const rows = todos.query({ onInvalid: "show", limit: 5 }).value;
  expectTypeOf(rows).toEqualTypeOf<readonly (Row<Todo> | InvalidRow)[]>();
  for (const row of rows) {
    if (row.error) expectTypeOf(row.value).toEqualTypeOf<undefined>();
    else expectTypeOf(row.value).toEqualTypeOf<Todo>();
  }
  expectTypeOf(todos.query({ onInvalid: "skip" }).value).toEqualTypeOf<readonly Row<Todo>[]>();
});

it("where has values and ranges of the row's fields", () => {
  expectTypeOf(todos.query).toBeCallableWith({ where: { list: "home", rank: { gte: 1, lt: 5 } } });
  todos.query({ where: { at: { gt: new Date() } } });
  // @ts-expect-error -- a number is no list
  todos.query({ where: { list: 5 } });
  // @ts-expect-error -- there is no such field
  todos.query({ where: { title: "a" } });
  // @ts-expect-error -- an index is made of fields
  collection<Todo>(app, "todos", { indexes: { byTitle: ["title"] } });
});

it("rows have the type of the schema", () => {
  const schema = {} as StandardSchema<{ name: string }>;
  const people = collection(app, "people", { schema, indexes: { byName: ["name"] } });
  expectTypeOf(people.get("a")).resolves.toEqualTypeOf<{ name: string } | undefined>();
  // @ts-expect-error -- it has a name
  void people.insert({});
});

it("migrate makes values of the signal's own type", () => {
  expectTypeOf(app.signal("a", 0, { version: 2, migrate: Number })).toEqualTypeOf<Signal<number>>();
  expectTypeOf(
    app.signal("b", { n: 0 }, { version: 2, migrate: (value, from) => ({ n: Number(value) + from }) }).value.n,
  ).toBeNumber();
  // @ts-expect-error -- a text is no number
  app.signal("c", 0, { version: 2, migrate: String });
  // @ts-expect-error -- what an earlier version has stored may be anything
  app.signal("d", 0, { version: 2, migrate: (value) => value });
  app.family((id: string) => ({ key: id, default: 0 }), { version: 2, migrate: Number });
  // @ts-expect-error -- a field is missing
  collection<{ a: number; b: number }>(app, "rows", { version: 2, migrate: () => ({ a: 1 }) });
});
