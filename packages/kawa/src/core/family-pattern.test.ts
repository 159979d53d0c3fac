import fc from "fast-check";
import { expect, it } from "vitest";
import { modelRuns } from "../../test/support/model-runs.ts";
import { exposedFamilyOf } from "./family-pattern.ts";
import { namespace } from "./namespace.ts";

type Fields = Readonly<Record<string, string>>;

/** The literals of a key, between which are the fields a, b, c and so on. */
const finderOf = (literals: readonly string[], asked: Fields[]) => {
  const names = literals.slice(1).map((_, at) => "abcdef"[at]!);
  const keyOf = (fields: Fields): string =>
    literals.map((literal, at) => literal + (at < names.length ? fields[names[at]!] : "")).join("");
  const family = namespace("app").family(
    (fields: Fields) => (asked.push(fields), { key: keyOf(fields), default: "" }),
    { expose: "read" },
  );
  return { names, keyOf, find: exposedFamilyOf(family)!.find };
};

const literal = fc.string({ unit: fc.constantFrom("-", "x", ":", "."), maxLength: 3 });

it("finds in a key the fields of which it is made, the first of a segment as long as they can be", () => {
  const inner = literal.filter((text) => !text.includes("::"));
  const literals = fc
    .array(inner, { minLength: 2, maxLength: 5 })
    .map((list) => [`k${list[0]}`, ...list.slice(1, -1), `${list.at(-1)}e`]);
  const fields = fc.array(fc.string({ unit: fc.constantFrom("-", "x", ".", "k", "e"), minLength: 1, maxLength: 4 }), {
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(literals, fields, literal, (parts, values, more) => {
      const asked: Fields[] = [];
      const { names, keyOf, find } = finderOf(parts, asked);
      const escaped = parts.map((text) => text.replaceAll(".", "\\."));
      const pattern = new RegExp(`^app:${escaped.join("([^:]+)")}$`);
      const own = `app:${keyOf(Object.fromEntries(names.map((name, at) => [name, values[at]!])))}`;
      for (const key of [own, own + more, own.replace("-", ""), own.replace(":", "x")]) {
        const expected = pattern.exec(key)?.slice(1);
        asked.length = 0;
        find(key);
        expect(asked).toEqual(expected ? [Object.fromEntries(names.map((name, at) => [name, expected[at]]))] : []);
      }
    }),
    { numRuns: modelRuns(2_000) },
  );
});

it("takes no longer for a key that only nearly matches", () => {
  const { find } = finderOf(["", "-", "-", "-", "-", ""], []);
  for (const end of ["", ":", "!:"]) expect(find(`app:${"-".repeat(500)}${end}`) === undefined).toBe(end !== "");
});
