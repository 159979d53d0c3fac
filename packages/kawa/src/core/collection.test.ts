import { beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import type { Backend } from "./backend/backend.ts";
import { collection, type Collection } from "./collection.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace } from "./namespace.ts";

type Todo = { readonly list: string; readonly rank: number; readonly title: string };

let backend: Backend;
let todos: Collection<Todo>;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`collection-${count}`);
  todos = collection<Todo>(namespace("app", { backend }), "todos", {
    indexes: { byList: ["list", "rank"], byTitle: ["title"] },
  });
});

const todo = (title: string, rank = 0, list = "home"): Todo => ({ list, rank, title });
const titles = (query: { readonly value: readonly { readonly value: Todo }[] }): string[] =>
  query.value.map(({ value }) => value.title);

describe("rows of a collection", () => {
  it("are signals under the ids that they were given", async () => {
    expect(await todos.insert(todo("Milk"), { id: "milk" })).toBe("milk");
    expect([todos("milk").key, todos("milk").value, todos("tea").value]).toEqual([
      "app:todos:milk",
      todo("Milk"),
      undefined,
    ]);
  });

  it("get ids in the order in which they were inserted", async () => {
    const ids: string[] = [];
    for (let at = 0; at < 20; at += 1) ids.push(await todos.insert(todo(String(at))));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(20);
  });

  it("are inserted once, and written over by an upsert", async () => {
    await todos.insert(todo("Milk"), { id: "a" });
    expect(await codeOf(() => todos.insert(todo("Tea"), { id: "a" }))).toBe("UPDATE_CONFLICT");
    expect(await todos.get("a")).toEqual(todo("Milk"));
    await todos.upsert("a", todo("Tea"));
    expect(await todos.get("a")).toEqual(todo("Tea"));
  });

  it("are updated with a function where they are there", async () => {
    await todos.insert(todo("Milk", 1), { id: "a" });
    expect(await todos.update("a", (one) => ({ ...one, rank: one.rank + 1 }))).toEqual(todo("Milk", 2));
    expect(await codeOf(() => todos.update("b", (one) => one))).toBe("ROW_MISSING");
    await todos.delete("a");
    expect(await codeOf(() => todos.update("a", (one) => one))).toBe("ROW_MISSING");
  });

  it.each(["", "a:b", "a b", "ä", "x".repeat(129)])("cannot have the id %o", async (id) => {
    expect(await codeOf(() => todos.insert(todo("Milk"), { id }))).toBe("KEY_INVALID");
  });
});

describe("a query", () => {
  beforeEach(async () => {
    for (const [id, rank, list] of [
      ["a", 3, "home"],
      ["b", 1, "home"],
      ["c", 2, "work"],
      ["d", 2, "home"],
    ] as const)
      await todos.insert(todo(id, rank, list), { id });
  });

  it("gives the rows that have the values of where, in the order of the next field", () => {
    expect(titles(todos.query({ where: { list: "home" } }))).toEqual(["b", "d", "a"]);
    expect(titles(todos.query({ where: { list: "home" }, order: "desc" }))).toEqual(["a", "d", "b"]);
    expect(titles(todos.query({ where: { list: "home", rank: { gt: 1, lte: 3 } } }))).toEqual(["d", "a"]);
  });

  it("gives all rows in the order of their ids where nothing is asked", () => {
    expect(titles(todos.query())).toEqual(["a", "b", "c", "d"]);
    expect(titles(todos.query({ order: "desc", limit: 2 }))).toEqual(["d", "c"]);
  });

  it("finds rows without a value where it is asked for undefined, and not all rows", async () => {
    const options = { where: { list: undefined } } as unknown as { where: { list: string } };
    expect(titles(todos.query(options))).toEqual([]);
    expect(await codeOf(() => todos.query({ where: { list: "home", rank: { gt: undefined } } } as never))).toBe(
      "OPTION_INVALID",
    );
  });

  it("goes on after the row of a cursor, also when that row is gone", async () => {
    const page = todos.query({ where: { list: "home" }, limit: 2 });
    const after = page.cursorOf(page.value.at(-1)!);
    const next = todos.query({ where: { list: "home" }, limit: 2, after });
    expect([titles(page), titles(next)]).toEqual([["b", "d"], ["a"]]);
    await todos.delete("d");
    await todos.insert(todo("e", 9), { id: "e" });
    expect([titles(page), titles(next)]).toEqual([
      ["b", "a"],
      ["a", "e"],
    ]);
  });

  it("tells its subscribers what enters, moves, changes and leaves, and nothing of other rows", async () => {
    const seen = vi.fn<(rows: string[]) => void>();
    todos.query({ where: { list: "home" }, limit: 2 }).subscribe((rows) => seen(rows.map(({ value }) => value.title)));
    await todos.update("a", (one) => ({ ...one, rank: 4 }));
    await todos.insert(todo("work", 0, "work"));
    expect(seen.mock.lastCall).toEqual([["b", "d"]]);
    expect(seen).toHaveBeenCalledTimes(1);
    await todos.update("a", (one) => ({ ...one, rank: 0 }));
    await todos.update("b", (one) => ({ ...one, title: "B" }));
    await todos.delete("a");
    expect(seen.mock.calls.slice(1)).toEqual([[["a", "b"]], [["a", "B"]], [["B", "d"]]]);
  });

  it("is the same object for the same question, and a row is the same object while it has not changed", async () => {
    const page = todos.query({ where: { list: "home" } });
    expect(todos.query({ where: { list: "home" } })).toBe(page);
    const [before] = page.value;
    await todos.update("a", (one) => ({ ...one, rank: 7 }));
    expect(page.value[0]).toBe(before);
  });

  it("counts rows, and gives the first of them", async () => {
    const home = todos.count({ where: { list: "home" } });
    const first = todos.first({ where: { list: "home" }, order: "desc" });
    expect([home.value, await home.get(), first.value?.id, (await first.get())?.id]).toEqual([3, 3, "a", "a"]);
    await todos.delete("a");
    expect([home.value, first.value?.id]).toEqual([2, "d"]);
    expect(todos.count().value).toBe(3);
  });

  it("is an error that names the index to add where none has its rows together", async () => {
    const error = await caught(() => todos.query({ where: { rank: 1 } }));
    expect(error).toMatchObject({ code: "INDEX_MISSING", message: expect.stringContaining("rank") });
    expect(await codeOf(() => todos.query({ index: "byTitle", where: { list: "home" } }))).toBe("INDEX_MISSING");
  });

  it.each([
    ["no such index", { index: "byRank" }],
    ["a limit of 0", { limit: 0 }],
    ["a limit beyond the most", { limit: 1_001 }],
    ["ranges of two fields", { where: { list: { gt: "a" }, rank: { gt: 1 } } }],
    ["a range over kinds", { where: { list: { gt: "a", lt: 5 as unknown as string } } }],
    ["a value that no index holds", { where: { list: {} as string } }],
    ["a text that is too long", { where: { list: "x".repeat(257) } }],
    ["what is no cursor", { after: "\0" }],
    ["another order", { order: "up" as "asc" }],
  ])("is refused with %s", async (_, options) => {
    expect(await codeOf(() => todos.query(options))).toBe("OPTION_INVALID");
  });
});

describe("the definition of a collection", () => {
  it.each([
    ["no fields", { bad: [] }],
    ["a field twice", { bad: ["rank", "rank"] }],
    ["a field with a comma", { bad: ["rank,list"] }],
    ["more indexes than 16", Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`i${at}`, ["rank"]]))],
  ])("is refused with %s", async (_, indexes) => {
    const make = (): unknown => collection(namespace("app", { backend }), "bad", { indexes: indexes as never });
    expect(await codeOf(make)).toBe("OPTION_INVALID");
  });
});
