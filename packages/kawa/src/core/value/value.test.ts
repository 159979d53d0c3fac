import { describe, expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { decodeValue, encodeValue, maxValueBytes } from "./value.ts";

function roundTrip(value: unknown): unknown {
  return decodeValue(encodeValue("k", value));
}

class Position {
  x = 1;
}

function circular(): object {
  const team = { users: [] as object[] };
  team.users.push({ team });
  return team;
}

function circularMap(): object {
  const map = new Map<string, unknown>();
  return map.set("self", [map]);
}

function circularArray(): object {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

describe("encodeValue and decodeValue", () => {
  it.each([
    ["a string", 'a "quoted" <b>\n\0 🎈'],
    ["an empty string", ""],
    ["a number", -1.5],
    ["NaN", Number.NaN],
    ["infinity", Number.NEGATIVE_INFINITY],
    ["minus zero", -0],
    ["a boolean", false],
    ["null", null],
    ["undefined", undefined],
    ["a BigInt", 12345678901234567890n],
    ["a Date", new Date("2026-02-03T04:05:06.789Z")],
    [
      "a Map",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, new Set(["b"])],
      ]),
    ],
    ["a Set", new Set([1, "1", null])],
    ["an object without a prototype", Object.assign(Object.create(null) as object, { a: 1, "": [] })],
    ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
    ["names that objects inherit", { constructor: 1, toString: "x", hasOwnProperty: null, valueOf: 2, length: 3 }],
    ["half of a pair of surrogates", "\ud83d"],
    ["the first and the last Date", [new Date(-8.64e15), new Date(8.64e15)]],
    [
      "keys of all kinds",
      new Map<unknown, unknown>([
        [{ a: 1 }, 1],
        [[1], 2],
        [Number.NaN, 3],
        [undefined, 4],
        [1n, 5],
      ]),
    ],
    ["a typed array", new Uint8Array([0, 127, 255])],
    ["a float array", new Float64Array([0.1, -1])],
    ["an array with undefined", [1, undefined, null]],
    [
      "nested data",
      { users: [{ at: new Date(0), tags: new Set(["x"]), scores: new Map([["a", 1n]]) }], none: undefined },
    ],
  ])("gives back %s", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it("gives back an object that is in two places as two equal ones", () => {
    const shared = { n: 1, at: new Date(1) };
    const text = encodeValue("k", { a: shared, b: shared });
    const copy = decodeValue(text) as { a: object; b: object };
    expect(copy).toStrictEqual({ a: shared, b: shared });
    expect(copy.a).not.toBe(copy.b);
    expect(encodeValue("k", copy)).toBe(text);
  });

  it("makes a copy that shares nothing with the original, and is frozen", () => {
    const value = { list: [1] };
    const copy = roundTrip(value) as typeof value;
    value.list.push(2);
    expect(copy).toEqual({ list: [1] });
    expect(() => copy.list.push(3)).toThrow(TypeError);
    expect(Object.isFrozen(value)).toBe(false);
  });

  it("makes a new copy for each call", () => {
    const text = encodeValue("k", new Map([["a", { n: 1 }]]));
    const copy = decodeValue(text) as Map<string, unknown>;
    copy.clear();
    expect(decodeValue(text)).toEqual(new Map([["a", { n: 1 }]]));
  });

  it("keeps a __proto__ key from reaching a prototype", async () => {
    const hostile = JSON.parse('{"__proto__":{"isAdmin":true}}') as object;
    const copy = await caught(() => roundTrip(hostile));
    expect(copy === undefined || copy instanceof Error).toBe(true);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it.each([
    ["a function", { user: { greet: () => "hi" } }, "value.user.greet"],
    ["a symbol", [1, Symbol("x")], "value[1]"],
    ["a class instance", { at: [new Position()] }, "value.at[0]"],
    ["a function at the top", () => 1, "value"],
    ["a function in a list of objects", { users: [{ name: () => "Ada" }] }, "value.users[0].name"],
    ["a function in a Map", new Map([["save", { run: () => 1 }]]), 'value.get("save").run'],
    ["a symbol as a name", { user: { [Symbol("id")]: 1 } }, "value.user"],
    ["an Error", { last: new Error("x") }, "value.last"],
    ["a promise", { users: Promise.resolve([]) }, "value.users"],
    ["an object that contains itself", circular(), "value.users[0].team"],
    ["a Map that contains itself", circularMap(), 'value.get("self")[0]'],
    ["an array as its own member", circularArray(), "value[0]"],
  ])("refuses %s and says where it is", async (_, value, path) => {
    const error = await caught(() => encodeValue("app:user", value));
    expect(error).toMatchObject({
      code: "VALUE_UNSERIALIZABLE",
      data: { key: "app:user", path },
      message: expect.stringContaining(`"app:user"`),
    });
    expect((error as Error).message).toContain(`at ${path}.`);
    expect((error as Error).cause).toBeInstanceOf(Error);
  });

  it("refuses what is nested too deep, with a short message instead of a RangeError", async () => {
    let value: unknown = null;
    for (let n = 0; n < 100_000; n += 1) value = { next: value };
    const error = await caught(() => encodeValue("k", value));
    expect(error).toMatchObject({ code: "VALUE_UNSERIALIZABLE", message: expect.stringContaining("500 levels") });
    expect((error as Error).message.length).toBeLessThan(400);
  });

  it("gives back what is nested as deep as allowed", () => {
    let value: unknown = null;
    for (let n = 0; n < 500; n += 1) value = n % 2 ? { next: value } : [value];
    expect(roundTrip(value)).toEqual(value);
  });

  it("takes another limit of the size", async () => {
    expect(encodeValue("k", "x".repeat(6), 10)).toHaveLength(10);
    const error = await caught(() => encodeValue("k", "x".repeat(7), 10));
    expect(error).toMatchObject({ code: "VALUE_TOO_LARGE", data: { key: "k", bytes: 11, maxBytes: 10 } });
    expect(encodeValue("k", "x".repeat(maxValueBytes), 2 * maxValueBytes)).toHaveLength(maxValueBytes + 4);
  });

  it("accepts exactly the largest size and refuses one byte more", async () => {
    // The encoded form is ["…"], four bytes longer than the text.
    expect(encodeValue("k", "x".repeat(maxValueBytes - 4))).toHaveLength(maxValueBytes);
    const error = await caught(() => encodeValue("k", "x".repeat(maxValueBytes - 3)));
    expect(error).toMatchObject({
      code: "VALUE_TOO_LARGE",
      status: 413,
      data: { key: "k", bytes: maxValueBytes + 1, maxBytes: maxValueBytes },
    });
  });

  it("measures the size in bytes of UTF-8", async () => {
    const euros = Math.floor((maxValueBytes - 4) / 3);
    expect(() => encodeValue("k", "€".repeat(euros))).not.toThrow();
    expect(await caught(() => encodeValue("k", "€".repeat(euros + 1)))).toMatchObject({ code: "VALUE_TOO_LARGE" });
  });
});
