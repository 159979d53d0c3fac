import fc from "fast-check";
import { expect, it } from "vitest";
import { RangeMap } from "./range-map.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "~", "!"), maxLength: 4 });
const range = fc
  .tuple(text, text)
  .map(([one, other]) => (one < other ? { from: one, to: other } : { from: other, to: one }));

it("finds the ranges that an entry is in, whichever were taken out", () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), fc.array(fc.nat(19)), text, (ranges, taken, entry) => {
      const map = new RangeMap<number>();
      for (const [at, each] of ranges.entries()) map.set(String(at), each, at);
      for (const at of taken) if (ranges[at]) map.delete(String(at), ranges[at]);
      const expected = ranges.flatMap(({ from, to }, at) =>
        entry >= from && entry < to && !taken.includes(at) ? [at] : [],
      );
      expect([...map.at(entry)].sort((a, b) => a - b)).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});
