import { describe, expect, it } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { checkNesting, deepFreeze, maxValueDepth } from "./value-walk.ts";

const nested = (levels: number): unknown => {
  let value: unknown = "bottom";
  for (let n = 0; n < levels; n += 1) value = n % 2 ? [value] : { value };
  return value;
};

const pathOf = async (value: unknown): Promise<unknown> => ((await caught(() => checkNesting(value))) as { path?: unknown })?.path;

describe("checkNesting", () => {
  it("names where an object contains itself, through whatever leads there", async () => {
    const object: Record<string, unknown> = { deep: [{}] };
    (object["deep"] as object[])[0] = { "a b": object };
    expect(await pathOf(object)).toBe('.deep[0]["a b"]');
    const list: unknown[] = [1];
    list.push({ list });
    expect(await pathOf({ users: list })).toBe(".users[1].list");
    const map = new Map<unknown, unknown>();
    map.set("self", { map });
    expect(await pathOf({ map })).toBe('.map.get("self").map');
    const set = new Set<unknown>();
    set.add([set]);
    expect(await pathOf({ set })).toBe(".set[0]");
    const keys = new Map<unknown, unknown>();
    keys.set(keys, 1);
    expect(await pathOf({ keys })).toBe(".keys.get(...)");
  });

  it("accepts one object in many places, and walks it once", async () => {
    // Walked along every path this would take 2^200 steps.
    let value: unknown = { n: 1 };
    for (let n = 0; n < 200; n += 1) value = [value, value];
    expect(await caught(() => checkNesting(value))).toBeUndefined();
  });

  it("accepts as many levels as allowed and refuses one more", async () => {
    expect(await caught(() => checkNesting(nested(maxValueDepth)))).toBeUndefined();
    expect(await caught(() => checkNesting(nested(maxValueDepth + 1)))).toMatchObject({ message: expect.stringContaining("500") });
    expect(await caught(() => checkNesting(nested(200_000)))).toMatchObject({ name: "DevalueError" });
  });

  it("counts the levels of an object that was met before at a place less deep", async () => {
    const deep = nested(maxValueDepth - 2);
    expect(await caught(() => checkNesting([deep, [deep]]))).toBeUndefined();
    expect(await pathOf([deep, [[deep]]])).toBe("[1][0][0]");
  });

  it("does not look into what devalue refuses or takes as a whole", async () => {
    class Node {
      readonly self = this;
    }
    const values = [new Node(), new Uint8Array(1_000), new Date(), /a/, Promise.resolve(), () => 1, null, 1n];
    for (const value of values) expect(await caught(() => checkNesting({ value }))).toBeUndefined();
  });

  it("is quick about an array with holes", () => {
    const sparse: unknown[] = [];
    sparse[4_000_000_000] = [1];
    expect(() => checkNesting(sparse)).not.toThrow();
  });
});

describe("deepFreeze", () => {
  it("freezes plain objects and arrays, however deep, and says so", () => {
    const value = { list: [{ n: 1 }], empty: {}, none: Object.create(null) as object };
    expect(deepFreeze(value)).toBe(true);
    for (const part of [value, value.list, value.list[0], value.empty, value.none]) expect(Object.isFrozen(part)).toBe(true);
  });

  it.each([1, "text", null, undefined, 1n, true])("has nothing to do for %s", (value) => {
    expect(deepFreeze(value)).toBe(true);
  });

  it.each([
    ["a Date", new Date()],
    ["a Map", new Map()],
    ["a Set", new Set()],
    ["a typed array", new Uint8Array(1)],
    ["an ArrayBuffer", new ArrayBuffer(1)],
    ["a URL", new URL("https://example.com")],
    ["a regular expression", /a/g],
  ])("cannot freeze %s, and says so also when it is deep inside", (_, value) => {
    expect(deepFreeze(value)).toBe(false);
    const outer = { first: [value], last: { n: 1 } };
    expect(deepFreeze(outer)).toBe(false);
    expect(Object.isFrozen(value)).toBe(false);
    expect([outer, outer.first, outer.last].every((part) => Object.isFrozen(part))).toBe(true);
  });

  it("counts an object that occurs twice", () => {
    const shared = { at: new Date() };
    expect(deepFreeze({ a: shared, b: shared })).toBe(false);
  });
});
