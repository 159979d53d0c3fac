import { describe, expect, it } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { unfitCode, unfitText } from "./unfit-text.ts";
import { decode, decodeValue, encodeValue, withVersion } from "./value.ts";
import { isUndefinedText, maxVersion, versionOfText } from "./value-version.ts";

const values: readonly unknown[] = [
  ...[undefined, null, true, 0, -0, Number.NaN, Number.POSITIVE_INFINITY, 5n, "", "v", '[["v",3,1],5]', new Date(5)],
  ...[[], ["v", 3, 1], [["v", 3, 1]], {}, { v: 1 }, { a: { a: [undefined, -0] } }, new Map([["v", [1]]]), new Set([1])],
  new Uint8Array([1, 2]),
];

describe("a text with a version", () => {
  it.each(values)("is of the same value: %o", (value) => {
    const first = encodeValue("key", value);
    const third = encodeValue("key", value, undefined, 3);
    expect([versionOfText(first), versionOfText(third)]).toEqual([1, 3]);
    expect(decodeValue(third)).toEqual(value);
    expect(decode(third).isFrozen).toBe(decode(first).isFrozen);
    expect([withVersion("key", third, 1), withVersion("key", first, 3)]).toEqual([first, third]);
    expect([isUndefinedText(first), isUndefinedText(third)]).toEqual([value === undefined, value === undefined]);
    expect([unfitCode(first), unfitCode(third)]).toEqual([undefined, undefined]);
  });

  it("is as deep as one without", () => {
    let value: unknown = 5;
    for (let depth = 0; depth < 500; depth += 1) value = [value];
    expect(decodeValue(encodeValue("key", value, undefined, 2))).toEqual(value);
  });

  it("has the version within its size", () => {
    const value = "x".repeat(100);
    const { length } = encodeValue("key", value, 200, maxVersion);
    expect(encodeValue("key", value, length, maxVersion)).toHaveLength(length);
    expect(() => encodeValue("key", value, length - 1, maxVersion)).toThrow("VALUE_TOO_LARGE");
  });

  it.each([
    ...[
      '[["v",1,1],5]',
      '[["v",0,1],5]',
      '[["v",-2,1],5]',
      '[["v",2.5,1],5]',
      '[["v","2",1],5]',
      '[["v",1000001,1],5]',
    ],
    ...['[["v",2],5]', '[["v",2,1,1],5]', '[["v",2,0],5]', '[["v",2,7],5]', '[["v",2,-9],5]', '[[1],["v",2,2],5]'],
    ...['[["v",2,1],["v",2,2],5]', unfitText("VALUE_INVALID")],
  ])("is no value where it is malformed: %s", async (text) => {
    expect(await codeOf(() => decodeValue(text))).toBe("VALUE_UNREADABLE");
  });
});

it("a text that stands for no value says why", () => {
  expect(unfitCode(unfitText("VALUE_TOO_NEW"))).toBe("VALUE_TOO_NEW");
});
