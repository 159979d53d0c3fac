import { describe, expect, it } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { decodeValue, encodeValue, maxValueBytes } from "./value.ts";

function roundTrip(value: unknown): unknown {
  return decodeValue(encodeValue("k", value));
}

class Position {
  x = 1;
}

describe("encodeValue and decodeValue", () => {
  it.each([
    ["a string", "a \"quoted\" <b>\n\0 🎈"],
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
    ["a Map", new Map<unknown, unknown>([["a", 1], [2, new Set(["b"])]])],
    ["a Set", new Set([1, "1", null])],
    ["a regular expression", /a+/gi],
    ["a typed array", new Uint8Array([0, 127, 255])],
    ["a float array", new Float64Array([0.1, -1])],
    ["an array with undefined", [1, undefined, null]],
    ["nested data", { users: [{ at: new Date(0), tags: new Set(["x"]), scores: new Map([["a", 1n]]) }], none: undefined }],
  ])("gives back %s", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it("gives back holes, repeated and circular references", () => {
    const shared = { n: 1 };
    const value: Record<string, unknown> = { a: shared, b: shared };
    value["self"] = value;
    const copy = roundTrip(value) as typeof value;
    expect(copy["a"]).toBe(copy["b"]);
    expect(copy["self"]).toBe(copy);
    expect(1 in (roundTrip([0, , 2]) as unknown[])).toBe(false); // oxlint-disable-line no-sparse-arrays
  });

  it("makes a copy that shares nothing with the original", () => {
    const value = { list: [1] };
    const copy = roundTrip(value) as typeof value;
    copy.list.push(2);
    expect(value).toEqual({ list: [1] });
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
