import { describe, expect, it } from "vitest";
import { createPresentEntry } from "./entry.ts";
import { encodeValue } from "../value/value.ts";

const entryOf = (value: unknown) => createPresentEntry(3, encodeValue("k", value));

describe("createPresentEntry", () => {
  it("has the state, the sequence number and the value", () => {
    expect(entryOf({ n: 1 })).toMatchObject({ state: "present", seq: 3, value: { n: 1 } });
    expect(entryOf(undefined).value).toBeUndefined();
  });

  it("gives everybody the same frozen value", () => {
    const entry = entryOf({ list: [{ n: 1 }] });
    const value = entry.value as { list: { n: number }[] };
    expect(entry.value).toBe(value);
    expect(() => (value.list[0]!.n = 2)).toThrow(TypeError);
    expect(() => value.list.push({ n: 2 })).toThrow(TypeError);
    expect(entry.value).toEqual({ list: [{ n: 1 }] });
  });

  it("gives each a value of its own when it cannot be frozen", () => {
    const entry = entryOf({ tags: new Set(["a"]), list: [1] });
    const value = entry.value as { tags: Set<string>; list: number[] };
    value.tags.add("b");
    expect(entry.value).toEqual({ tags: new Set(["a"]), list: [1] });
    expect(() => value.list.push(2)).toThrow(TypeError);
  });

  it("decodes when it is read, and not before", () => {
    const broken = createPresentEntry(1, "no value");
    expect(broken.seq).toBe(1);
    expect(() => broken.value).toThrow("VALUE_UNREADABLE");
  });
});
