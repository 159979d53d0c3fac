import { stringify } from "devalue";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeValue } from "../core/value/value.ts";
import { decodePlain, notPlain } from "./plain-value.ts";

describe("decodePlain", () => {
  it(
    "gives the same as devalue for all JSON, undefined and the numbers that JSON does not know",
    { timeout: 30_000 },
    () => {
      const plain = fc.letrec((tie) => ({
        value: fc.oneof(
          { depthSize: "medium" },
          fc.constantFrom(undefined, null, true, Number.NaN, Infinity, -Infinity, -0, "", "__proto__"),
          fc.double(),
          fc.string({ unit: "binary" }),
          fc.array(tie("value")),
          fc.dictionary(
            fc.string().filter((key) => key !== "__proto__"),
            tie("value"),
            { noNullPrototype: true },
          ),
        ),
      })).value;
      fc.assert(
        fc.property(plain, (value) => {
          const text = stringify(value);
          expect(decodePlain(text)).toStrictEqual(decodeValue(text));
        }),
      );
    },
  );

  it("keeps one object that occurs twice one object", () => {
    const one = { x: 1 };
    const decoded = decodePlain(stringify([one, one])) as object[];
    expect(decoded[0]).toBe(decoded[1]);
  });

  it("gives frozen values", () => {
    const decoded = decodePlain(stringify({ list: [{ x: 1 }] })) as { list: { x: number }[] };
    expect([decoded, decoded.list, decoded.list[0]].map((one) => Object.isFrozen(one))).toEqual([true, true, true]);
  });

  it.each([
    ["a Date", new Date(0)],
    ["a Map in an array", [new Map([["a", 1]])]],
    ["a Set", new Set([1])],
    ["a BigInt", { n: 1n }],
    ["a typed array", new Uint8Array([1])],
    ["a hole", Object.assign([], { length: 2 })],
    ["a URL", new URL("http://127.0.0.1/")],
    ["an object without a prototype", Object.create(null) as object],
  ])("leaves %s to devalue", (_, value) => {
    expect(decodePlain(stringify(value))).toBe(notPlain);
  });

  it("leaves to devalue what contains itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(decodePlain(stringify(loop))).toBe(notPlain);
  });
});
