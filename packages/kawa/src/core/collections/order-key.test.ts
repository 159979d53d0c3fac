import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isIndexValue, maxIndexedLength, orderKey } from "./order-key.ts";

const sign = (a: string | number | bigint, b: string | number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const text = fc.string({ unit: "binary", maxLength: 12 });
const number = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(0, -0, Infinity, -Infinity, 5e-324));
const kinds: readonly fc.Arbitrary<unknown>[] = [
  fc.constant(undefined),
  fc.constant(null),
  fc.boolean(),
  number,
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  text,
  fc.constantFrom({}, []),
];
const value = fc
  .integer({ min: 0, max: kinds.length - 1 })
  .chain((kind) => kinds[kind]!.map((one) => [kind, one] as const));

describe("order keys", () => {
  it("are in the order of numbers", () => {
    fc.assert(fc.property(number, number, (a, b) => void expect(sign(orderKey(a), orderKey(b))).toBe(sign(a, b))));
  });

  it("are in the order of integers of any size", () => {
    const integer = fc.oneof(fc.bigInt(), fc.bigInt({ min: -200n, max: 200n }));
    fc.assert(fc.property(integer, integer, (a, b) => void expect(sign(orderKey(a), orderKey(b))).toBe(sign(a, b))));
  });

  it("are in the order of dates", () => {
    const date = fc.date({ noInvalidDate: true });
    fc.assert(
      fc.property(
        date,
        date,
        (a, b) => void expect(sign(orderKey(a), orderKey(b))).toBe(sign(a.getTime(), b.getTime())),
      ),
    );
  });

  it("are in the order of texts by code units, also where they share a start", () => {
    fc.assert(
      fc.property(text, text, text, (start, a, b) => {
        expect(sign(orderKey(start + a), orderKey(start + b))).toBe(sign(start + a, start + b));
      }),
    );
  });

  it("put kinds one after the other", () => {
    const other = fc.tuple(value, value).filter(([[one], [two]]) => one !== two);
    fc.assert(
      fc.property(other, ([[kind, a], [second, b]]) => {
        expect(sign(orderKey(a), orderKey(b))).toBe(sign(kind, second));
      }),
    );
  });

  it("are in the order of the first field that differs when they are put together", () => {
    fc.assert(
      fc.property(text, number, text, number, (a, n, b, m) => {
        const expected = a === b ? sign(n, m) : sign(a, b);
        expect(sign(orderKey(a) + orderKey(n), orderKey(b) + orderKey(m))).toBe(expected);
      }),
    );
  });

  it("are printable ASCII, which every storage and language compares alike", () => {
    fc.assert(fc.property(value, ([, one]) => void expect(orderKey(one)).toMatch(/^[ -~]*$/)));
  });

  it("put a long text after its start, and look no further", () => {
    const start = "a".repeat(maxIndexedLength);
    expect(orderKey(`${start}b`) > orderKey(start)).toBe(true);
    expect(orderKey(`${start}b`)).toBe(orderKey(`${start}a`));
    expect([isIndexValue(start), isIndexValue(`${start}b`)]).toEqual([true, false]);
  });

  it("put NaN and invalid dates first among their kind", () => {
    expect(orderKey(Number.NaN) < orderKey(-Infinity)).toBe(true);
    expect(orderKey(new Date(Number.NaN)) < orderKey(new Date(-8.64e15))).toBe(true);
    expect(isIndexValue(Number.NaN)).toBe(false);
  });
});

it.each([1n, -1n])("the key of a very long integer is no longer than its order needs", (sign) => {
  const long = sign * 10n ** 50_000n;
  expect(orderKey(long).length).toBeLessThan(10_010);
  expect(orderKey(long) < orderKey(sign * 10n)).toBe(sign < 0n);
});
