import { describe, expect, it } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { membersKey } from "../../core/backend/members.ts";
import { collection } from "../../core/collection.ts";
import { namespace, signal } from "../../core/namespace.ts";
import { costOfKeys } from "./cost-of-keys.ts";
import { ExposedSignals } from "./exposed-signals.ts";

const app = namespace("exposed-test");
const shown = app.signal("shown", 0, { expose: "read" });
const open = app.signal("open", 0, { expose: "write" });
const secret = app.signal("secret", 0);
const score = app.family((id: string) => ({ key: `${id}:score`, default: 0 }), { expose: "read" });
const seat = app.family(
  ({ room, row }: { room: string; row: string }) => ({ key: `${room}-hall:seat:${row}`, default: "" }),
  {
    expose: "write",
  },
);
const hidden = app.family((id: string) => ({ key: `${id}:hidden`, default: 0 }));
const visitor = app.family(({ room, id }: { room: string; id: string }) => ({ key: `in:${room}:${id}`, default: "" }), {
  expose: "write",
  ttlMs: 10_000,
});
const guest = app.family(
  ({ room, id }: { room: string; id: string }) => ({ key: `guest:${room}:${id}`, default: "" }),
  { ttlMs: 10_000 },
);
const signals = new ExposedSignals({
  shown,
  open,
  secret,
  score,
  seat,
  hidden,
  visitor,
  guest,
  other: "text",
  fn: () => 5,
  nothing: null,
});

const keyOf = (key: string, access: "read" | "write" = "read"): string | undefined => signals.find(key, access)?.key;

describe("the signals that browsers reach", () => {
  it("are those whose definitions expose them", () => {
    expect(["shown", "open", "secret"].map((name) => keyOf(`exposed-test:${name}`))).toEqual([
      "exposed-test:shown",
      "exposed-test:open",
      undefined,
    ]);
  });

  it("can be written where the definition says so", () => {
    expect(keyOf("exposed-test:shown", "write")).toBeUndefined();
    expect(keyOf("exposed-test:open", "write")).toBe("exposed-test:open");
  });

  it("are members of the given modules, and no others", () => {
    expect(new ExposedSignals({ shown }).find(open.key, "read")).toBeUndefined();
    expect(new ExposedSignals().find(shown.key, "read")).toBeUndefined();
    expect(new ExposedSignals([{ shown }, { open }]).find(open.key, "write")).toBe(open);
  });

  it("may be exported twice", () => {
    expect(new ExposedSignals([{ shown }, { again: shown }]).find(shown.key, "read")).toBe(shown);
  });

  it("cannot have the same key on two backends", async () => {
    const other = namespace("exposed-test", { backend: createMemoryBackend("other") }).signal("shown", 0, {
      expose: "read",
    });
    expect(await codeOf(() => new ExposedSignals({ shown, other }))).toBe("OPTION_INVALID");
  });

  it("cannot be exposed by two definitions", async () => {
    const lists = app.family((id: string) => ({ key: `list:${id}`, default: 0 }), { expose: "read" });
    const todo = app.signal("list:todo", 0, { expose: "read" });
    const both = new ExposedSignals({ lists, todo });
    expect(both.find("exposed-test:list:done", "read")).toBe(lists("done"));
    expect(await codeOf(() => both.find("exposed-test:list:todo", "read"))).toBe("OPTION_INVALID");
  });
});

describe("lists of ephemeral members", () => {
  it("are read by those who may read the members, and written by nobody", () => {
    const list = membersKey("exposed-test:in:kitchen");
    expect(keyOf(list)).toBe(list);
    expect(keyOf(list, "write")).toBeUndefined();
    expect(signals.find("exposed-test:in:kitchen:1", "write")?.ttlMs).toBe(10_000);
  });

  it("are those of groups of exposed families, and no others", () => {
    const groups = [
      "exposed-test:guest:kitchen",
      "exposed-test:in",
      "exposed-test:in:kitchen:sink",
      "exposed-test",
      "exposed-test:ada",
      "",
    ];
    expect(groups.map((group) => keyOf(membersKey(group)))).toEqual(groups.map(() => undefined));
  });
});

describe("rows and queries of a collection", () => {
  type Todo = { readonly list: string; readonly rank: number };
  const indexes = { byList: ["list", "rank"] } as const;
  const todos = collection<Todo>(app, "todos", { indexes, expose: "write" });
  const shownRows = collection<Todo>(app, "shown-rows", { indexes, expose: "read" });
  const hiddenRows = collection<Todo>(app, "hidden-rows", { indexes });
  const found = new ExposedSignals({ todos, shownRows, hiddenRows });
  const has = (key: string, access: "read" | "write"): boolean => found.find(key, access) !== undefined;

  it("are found as far as the definition exposes them, and a query is written by nobody", () => {
    const access = [todos, shownRows, hiddenRows].map((rows) => [
      has(rows("a").key, "read"),
      has(rows("a").key, "write"),
      has(rows.query().key, "read"),
      has(rows.count().key, "read"),
      has(rows.query().key, "write"),
    ]);
    expect(access).toEqual([
      [true, true, true, true, false],
      [true, false, true, true, false],
      [false, false, false, false, false],
    ]);
  });

  it("are those of the definition's indexes, with at most 200 rows, and written as Kawa writes them", () => {
    const { key } = todos.query({ where: { list: "a" } });
    expect(has(key, "read")).toBe(true);
    const others = [
      key.replace('["list","rank"]', '["rank"]'),
      key.replace("exposed-test", "other"),
      key.replace('["rows"', '[ "rows"'),
      key.replace(",50]", ",0]"),
      todos.query({ limit: 201 }).key,
      key.replace(',"ha', ',"\\u0000ha'),
      key.replace(',"ha', ',"\\ud800ha'),
      `${todos("a").key}:b`,
      "exposed-test:todos",
    ];
    expect(others.map((other) => has(other, "read"))).toEqual(others.map(() => false));
  });

  it("cost as much as the rows that a query may find", () => {
    expect(costOfKeys([todos("a").key, todos("b").key])).toBeCloseTo(2 / 25);
    expect(costOfKeys([todos.query({ limit: 100 }).key])).toBeCloseTo(1 + 100 / 25);
    expect(costOfKeys([todos.count().key])).toBe(5);
  });
});

describe("members of families", () => {
  it("are found by their keys", () => {
    expect(signals.find("exposed-test:ada:score", "read")).toBe(score("ada"));
    expect(signals.find("exposed-test:red-hall:seat:7", "write")).toBe(seat({ room: "red", row: "7" }));
  });

  it.each([
    ["an empty parameter", "exposed-test::score"],
    ["a parameter with a colon", "exposed-test:a:b:score"],
    ["a key that goes on", "exposed-test:ada:score:more"],
    ["a key with a line before it", "x\nexposed-test:ada:score"],
    ["a key with a line after it", "exposed-test:ada:score\n"],
    ["a parameter with a NUL", "exposed-test:a\0b:score"],
    ["a family that is not exposed", "exposed-test:ada:hidden"],
    ["the prefix alone", "exposed-test"],
    ["nothing", ""],
    ["the name of a member of Object", "__proto__"],
  ])("are not found by %s", (_, key) => {
    expect(keyOf(key)).toBeUndefined();
  });

  it("are not found where the family refuses the parameter", () => {
    const strict = app.family(
      (id: string) => {
        if (String(id) === "eve") throw new Error("Not Eve.");
        return { key: `strict:${id}`, default: 0 };
      },
      { expose: "read" },
    );
    const found = new ExposedSignals({ strict });
    expect([found.find("exposed-test:strict:eve", "read"), found.find("exposed-test:strict:bob", "read")?.key]).toEqual(
      [undefined, "exposed-test:strict:bob"],
    );
  });

  it.each([
    ["changes its parameter", (id: string) => id.toUpperCase()],
    ["does not hold its parameter", () => "same"],
    ["throws for an unknown parameter", (id: string) => ({ alice: "a" })[id]!.trim()],
  ])("cannot be exposed where the key %s", async (_, keyFor) => {
    const error = await caught(() => app.family((id: string) => ({ key: keyFor(id), default: 0 }), { expose: "read" }));
    expect(error).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining("cannot be exposed") });
  });

  it("cannot be exposed where the default depends on what the key does not hold", async () => {
    type Item = { id: string; start: string };
    expect(
      await codeOf(() =>
        app.family(({ id, start }: Item) => ({ key: `item:${id}`, default: start }), { expose: "read" }),
      ),
    ).toBe("OPTION_INVALID");
  });
});

describe("a signal that is defined twice", () => {
  it("cannot be exposed in two ways", async () => {
    signal("exposed-twice", 0, { expose: "read" });
    expect(await codeOf(() => signal("exposed-twice", 0, { expose: "write" }))).toBe("OPTION_INVALID");
  });

  it("stays exposed when a definition says nothing of it", () => {
    const first = signal("exposed-once", 0, { expose: "read" });
    signal("exposed-once", 0);
    expect(new ExposedSignals({ first }).find("exposed-once", "read")).toBe(first);
  });
});
