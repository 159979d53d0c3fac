import { beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import type { Backend } from "./backend/backend.ts";
import { versionOfEntry } from "./backend/entry.ts";
import { collection } from "./collection.ts";
import { computed } from "./computed.ts";
import { effect } from "./effect.ts";
import { memberIdsOf, membersOf } from "./ephemeral-family.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace, type Namespace } from "./namespace.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { transaction } from "./transaction.ts";

type User = { readonly first: string; readonly last: string };

let backend: Backend;
let app: Namespace;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`migrate-${count}`);
  app = namespace("app", { backend });
});

/** Version 1 was the whole name, version 2 a pair. */
const migrate = vi.fn<(value: unknown, fromVersion: number) => User>((value, fromVersion) => {
  if (fromVersion === 1) value = (value as string).split(" ");
  const [first = "", last = ""] = value as readonly string[];
  return { first, last };
});
const ada: User = { first: "Ada", last: "Lovelace" };
const none: User = { first: "", last: "" };
/** What each version has stored. */
const stored: readonly (readonly [version: number, value: unknown])[] = [
  [1, "Ada Lovelace"],
  [2, ["Ada", "Lovelace"]],
  [3, ada],
];
const user = () => app.signal<User>("user", none, { version: 3, migrate });
const versionOf = (key: string): number => versionOfEntry(backend.entry(key).peek());

beforeEach(() => void migrate.mockClear());

describe.each(stored)("a signal of version 3 whose value is of version %i", (version, value) => {
  beforeEach(async () => backend.set("app:user", value, { version }));

  it("is read as its definition has it, through every door", async () => {
    const signal = user();
    const seen: unknown[] = [];
    signal.subscribe((found) => seen.push(found))();
    effect(() => void seen.push(signal.value))();
    const initials = computed(() => signal.value.first[0]! + signal.value.last[0]!);
    expect([signal.value, signal.peek(), await signal.get(), ...seen]).toEqual([ada, ada, ada, ada, ada]);
    expect([initials.value, initials.peek()]).toEqual(["AL", "AL"]);
    expect(await transaction((tx) => tx.get(signal))).toEqual(ada);
  });

  it("is migrated once, and is the same frozen object for all", async () => {
    const first = user().value;
    expect(user().peek()).toBe(first);
    expect(await user().get()).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    expect(migrate).toHaveBeenCalledTimes(version < 3 ? 1 : 0);
  });

  it("stays as it is stored until somebody writes it", async () => {
    void user().value;
    expect(versionOf("app:user")).toBe(version);
    await user().update((found) => ({ ...found, last: "King" }));
    expect(versionOf("app:user")).toBe(3);
    expect(user().value).toEqual({ first: "Ada", last: "King" });
  });

  it.each([
    ["update", () => user().update((found) => ({ ...found, last: "King" }))],
    ["set", () => user().set({ first: "Ada", last: "King" })],
    ["set with a function", () => user().set((found) => ({ ...found, last: "King" }))],
    ["merge", () => user().merge({ last: "King" })],
    ["a transaction", () => transaction((tx) => tx.update(user(), (found) => ({ ...found, last: "King" })))],
    ["a change in a transaction", () => transaction((tx) => tx.merge(user(), { last: "King" }))],
  ])("is written by %s as of version 3", async (_, write) => {
    await write();
    expect([versionOf("app:user"), user().value]).toEqual([3, { first: "Ada", last: "King" }]);
  });

  it("is a row, a member and one of a family as well", async () => {
    await backend.set("app:people:ada", value, { version });
    await backend.set("app:row:ada", value, { version });
    await backend.set("app:here:ada", value, { version, ttlMs: 60_000 });
    const options = { version: 3, migrate };
    const people = app.family((id: string) => ({ key: `people:${id}`, default: none }), options);
    const rows = collection<User>(app, "row", options);
    const here = app.family((id: string) => ({ key: `here:${id}`, default: none }), { ...options, ttlMs: 60_000 });
    expect([people("ada").value, rows("ada").value, await rows.get("ada")]).toEqual([ada, ada, ada]);
    expect([rows.query().value, rows.first().value]).toEqual([[{ id: "ada", value: ada }], { id: "ada", value: ada }]);
    expect(await rows.query().get()).toEqual([{ id: "ada", value: ada }]);
    expect(rows.query().value[0]).toBe(rows.query().value[0]);
    expect([memberIdsOf(here).value, membersOf(here).value]).toEqual([["ada"], new Map([["ada", ada]])]);
    await rows.update("ada", (row) => ({ ...row, last: "King" }));
    expect([versionOf("app:row:ada"), rows("ada").value?.last]).toEqual([3, "King"]);
  });
});

describe("a signal with versions", () => {
  it("shows its default where nothing is stored, and changes start from that", async () => {
    expect(user().value).toEqual(none);
    await user().merge({ last: "King" });
    expect([versionOf("app:user"), user().value]).toEqual([3, { first: "", last: "King" }]);
    expect(migrate).not.toHaveBeenCalled();
  });

  it.each([undefined, null, Number.NaN, -0, Number.POSITIVE_INFINITY, new Date(5), new Map([[1, 2]]), 5n, "", []])(
    "keeps the version of %o",
    async (value) => {
      const signal = app.signal<unknown>("any", "default", { version: 2, migrate: () => "migrated" });
      await signal.set(value);
      expect(versionOf("app:any")).toBe(2);
      expect(signal.value).toEqual(value);
    },
  );

  it("gives each reader a copy of a migrated value that cannot be frozen", async () => {
    await backend.set("app:day", "2026-01-02");
    const toDate = vi.fn<(value: unknown) => { at: Date }>((value) => ({ at: new Date(value as string) }));
    const day = app.signal("day", { at: new Date(0) }, { version: 2, migrate: toDate });
    day.value.at.setTime(0);
    expect(day.value.at).toEqual(new Date("2026-01-02"));
    expect(toDate).toHaveBeenCalledTimes(1);
  });

  it("counts with increments, whatever was stored", async () => {
    await backend.set("app:count", "5");
    const counter = app.signal("count", 0, { version: 2, migrate: Number });
    expect(await Promise.all([counter.increment(), counter.increment(2)])).toEqual([6, 8]);
    expect(versionOf("app:count")).toBe(2);
  });
});

describe("what cannot be migrated", () => {
  it("is an error of its key alone, and can be written over", async () => {
    await backend.set("app:user", 5);
    await backend.set("app:people:ada", "Ada Lovelace");
    const people = app.family((id: string) => ({ key: `people:${id}`, default: none }), { version: 3, migrate });
    const error = await caught(() => user().value);
    expect(error).toMatchObject({
      code: "VALUE_NOT_MIGRATED",
      message: expect.stringContaining('"app:user" could not be migrated from version 1 to 3'),
      data: { key: "app:user", version: 1, defined: 3 },
      cause: expect.any(TypeError),
    });
    expect(await codeOf(() => user().get())).toBe("VALUE_NOT_MIGRATED");
    expect(await codeOf(() => user().update((found) => found))).toBe("VALUE_NOT_MIGRATED");
    expect(await codeOf(() => user().merge({ last: "King" }))).toBe("VALUE_NOT_MIGRATED");
    expect(await codeOf(() => transaction((tx) => tx.merge(user(), { last: "King" })))).toBe("VALUE_NOT_MIGRATED");
    expect(people("ada").value).toEqual(ada);
    await user().set(ada);
    expect(user().value).toEqual(ada);
  });

  it.each([
    ["waits", async () => none],
    ["waits, and fails", () => Promise.reject(new Error("no"))],
    ["changes what it was given", (value: unknown) => Object.assign(value as User, { last: "King" })],
    ["gives what cannot be stored", () => Symbol("no")],
  ])("is that of a function that %s", async (_, bad) => {
    await backend.set("app:bad", { first: "Ada" });
    const signal = app.signal<unknown>("bad", none, { version: 2, migrate: bad });
    expect(await codeOf(() => signal.value)).toBe("VALUE_NOT_MIGRATED");
    expect(await codeOf(() => signal.value)).toBe("VALUE_NOT_MIGRATED");
  });
});

describe("a value of a later version than the definition", () => {
  it.each([1, 2])("is an error for version %i, and is not written over by what was made of it", async (version) => {
    const options = version === 1 ? {} : { version, migrate: () => 0 };
    const signal = app.signal<number>(`new${version}`, 0, options);
    await backend.set(signal.key, 5, { version: 3 });
    const writes = [
      () => signal.update((found) => found + 1),
      () => signal.set((found) => found + 1),
      () => signal.increment(),
      () => transaction((tx) => tx.update(signal, (found) => found + 1)),
      () => transaction((tx) => tx.increment(signal)),
    ];
    const reads = [
      () => signal.value,
      () => signal.peek(),
      () => signal.get(),
      () => computed(() => signal.value).value,
    ];
    for (const use of [...reads, ...writes]) expect(await codeOf(use)).toBe("VALUE_TOO_NEW");
    expect([versionOf(signal.key), backend.entry(signal.key).peek()]).toEqual([
      3,
      expect.objectContaining({ value: 5 }),
    ]);
  });
});

describe("a definition", () => {
  it.each([
    [{ version: 0 }, "whole number"],
    [{ version: 1.5 }, "whole number"],
    [{ version: "2" as unknown as number }, "whole number"],
    [{ version: 2 }, "needs migrate"],
    [{ migrate: () => 0 }, "version of 2 or more"],
  ])("cannot be %o", async (options, reason) => {
    const error = await caught(() => app.signal("bad-option", 0, options));
    expect(error).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining(reason) });
  });

  it("is the same in all modules", async () => {
    app.signal("same", 0, { expose: "read", version: 2, migrate: Number });
    expect(await codeOf(() => app.signal("same", 0, { expose: "read" }))).toBe("OPTION_INVALID");
    expect(await codeOf(() => app.signal("same", 0, { version: 3, migrate: Number }))).toBe("OPTION_INVALID");
    expect(app.signal("same", 0, { version: 2, migrate: Number })).toBe(app.signal("same", 0));
  });
});

/** Takes positive numbers. */
const positive: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" && value > 0 ? { value } : { issues: [{ message: "not positive" }] },
  },
};

describe("a schema", () => {
  it("refuses a stored value that does not fit, and each that comes later is looked at once", async () => {
    const validate = vi.spyOn(positive["~standard"], "validate");
    const signal = app.signal("checked", 1, { schema: positive });
    await backend.set(signal.key, -5);
    const error = await caught(() => signal.value);
    expect(error).toMatchObject({
      code: "VALUE_INVALID",
      message: expect.stringContaining('The stored value of "app:checked" does not fit its schema: not positive'),
      data: { key: "app:checked", isStored: true },
    });
    expect([await codeOf(() => signal.get()), await codeOf(() => signal.update((n) => n))]).toEqual([
      "VALUE_INVALID",
      "VALUE_INVALID",
    ]);
    expect(validate).toHaveBeenCalledTimes(1);
    await signal.set(7);
    expect([signal.value, signal.value]).toEqual([7, 7]);
    expect(validate).toHaveBeenCalledTimes(2);
    validate.mockRestore();
  });

  it("changes nothing of what is stored", async () => {
    const doubling: StandardSchema<number> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: (value as number) * 2 }) },
    };
    const signal = app.signal("doubled", 0, { schema: doubling });
    await backend.set(signal.key, 4);
    expect(signal.value).toBe(4);
  });

  it("checks what was migrated", async () => {
    const signal = app.signal("both", 1, { schema: positive, version: 2, migrate: Number });
    await backend.set(signal.key, "-3");
    expect(await codeOf(() => signal.value)).toBe("VALUE_INVALID");
    await backend.set(signal.key, "3");
    expect(signal.value).toBe(3);
  });

  it("that throws refuses the value", async () => {
    const broken: StandardSchema<number> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw new Error("broken");
        },
      },
    };
    const signal = app.signal("broken", 0, { schema: broken });
    await backend.set(signal.key, 4);
    expect(await codeOf(() => signal.value)).toBe("VALUE_INVALID");
  });

  it("that waits checks no reads", async () => {
    const slow: StandardSchema<number> = {
      "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("late")) },
    };
    const signal = app.signal("slow", 0, { schema: slow });
    await backend.set(signal.key, 4);
    expect(signal.value).toBe(4);
  });
});

describe("rows that do not fit", () => {
  type Score = { readonly team: string; readonly points: number };
  const schema: StandardSchema<Score> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof (value as Score).points === "number"
          ? { value: value as Score }
          : { issues: [{ message: "no number", path: ["points"] }] },
    },
  };
  const scores = () => collection<Score>(app, "scores", { schema, indexes: { byTeam: ["team"] } });
  const home = { where: { team: "red" } };

  beforeEach(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    for (const id of ["a", "b", "c"])
      await backend.set(`app:scores:${id}`, { team: "red", points: id === "b" ? "many" : 5 });
    return () => vi.restoreAllMocks();
  });

  it("are left out of queries and logged once, and the others are shown", async () => {
    const query = scores().query(home);
    expect(query.value.map(({ id }) => id)).toEqual(["a", "c"]);
    expect((await query.get()).map(({ id }) => id)).toEqual(["a", "c"]);
    const logged = vi.mocked(console.error).mock.calls.filter(([line]) => String(line).includes("app:scores:b"));
    expect(logged.length).toBeLessThanOrEqual(1);
    expect(scores().count(home).value).toBe(3);
  });

  it("are shown as errors where a query asks for them, as the same objects each time", async () => {
    const all = scores();
    const query = all.query({ ...home, onInvalid: "show" });
    const [a, b, c] = query.value;
    expect([a?.value?.points, b?.id, c?.value?.points]).toEqual([5, "b", 5]);
    expect(b?.error).toMatchObject({ code: "VALUE_INVALID", message: expect.stringContaining("points: no number") });
    expect((await query.get())[1]).toBe(b);
    expect(all.query({ ...home, onInvalid: "show" })).toBe(query);
  });

  it("throw where they are read alone, and can be written over or deleted", async () => {
    const read = [() => scores()("b").value, () => scores().get("b"), () => scores().update("b", (row) => row)];
    for (const use of read) expect(await codeOf(use)).toBe("VALUE_INVALID");
    await scores().upsert("b", { team: "red", points: 1 });
    expect(scores().query(home).value.length).toBe(3);
    await backend.set("app:scores:b", 5);
    await scores().delete("b");
    expect(scores().query(home).value.length).toBe(2);
  });

  it("are thrown by first, which shows no other row instead", async () => {
    await scores().delete("a");
    expect(await codeOf(() => scores().first(home).value)).toBe("VALUE_INVALID");
    expect(await codeOf(() => scores().first(home).get())).toBe("VALUE_INVALID");
  });
});
