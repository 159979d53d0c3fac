import { describe, expect, it, vi } from "vitest";
import { encodeChange } from "../../core/value/commuting.ts";
import { isEqual } from "../../core/value/is-equal.ts";
import * as values from "../../core/value/value.ts";
import { applyChanges } from "./apply-changes.ts";

vi.mock("../../core/value/value.ts", { spy: true });
vi.mock("../../core/value/is-equal.ts", { spy: true });

const key = "k";
const maxBytes = 1_000;
const append = (...items: unknown[]): string => encodeChange(key, { append: items });
const listOf = (length: number): string => values.encodeValue(key, ["x".repeat(length)]);

/** How often the whole value was written out. */
function written(changes: readonly string[], text: string) {
  const encode = vi.mocked(values.encodeValue);
  encode.mockClear();
  const { results, text: made } = applyChanges({ key, before: text, initial: text, changes, maxBytes });
  return { results, made, count: encode.mock.calls.length };
}

describe("many changes of a long value", () => {
  it("write it out once", () => {
    const { results, made, count } = written(
      Array.from({ length: 100 }, (_, n) => append(n)),
      listOf(100),
    );
    expect([count, results]).toEqual([1, Array.from({ length: 100 }, () => null)]);
    expect(values.decodeValue(made!)).toHaveLength(101);
  });

  it("that do not fit are refused, and what fits is made", () => {
    const long = append("y".repeat(500));
    const { results, made } = written([append(1), long, append(2)], listOf(600));
    expect(results).toMatchObject([null, { code: "VALUE_TOO_LARGE" }, null]);
    expect(values.decodeValue(made!)).toEqual(["x".repeat(600), 1, 2]);
  });

  it("that do not fit are measured a few times, and what makes it shorter is made all the same", () => {
    const long = Array.from({ length: 100 }, (_, n) => append(n, "y".repeat(500)));
    const shorter = encodeChange(key, { remove: "x".repeat(600) });
    const { results, made, count } = written([...long, shorter], listOf(600));
    expect(results.slice(0, 100)).toMatchObject(Array.from({ length: 100 }, () => ({ code: "VALUE_TOO_LARGE" })));
    expect([results[100], made]).toEqual([null, "[[]]"]);
    expect(count).toBeLessThan(10);
  });
});

it("a Set takes many objects at once, each that is not in it, and compares none with each", () => {
  const start = new Set(Array.from({ length: 300 }, (_, n) => ({ a: n, b: [new Date(n)] })));
  const items = Array.from({ length: 200 }, (_, n) => ({ b: [new Date(n + 200)], a: n + 200 }));
  const changes = [append(...items, ...items)];
  const { text } = applyChanges({
    key,
    before: values.encodeValue(key, start),
    initial: "-1",
    changes,
    maxBytes: 100_000,
  });
  expect(values.decodeValue(text!)).toHaveProperty("size", 400);
  expect(vi.mocked(isEqual).mock.calls.length).toBeLessThan(1_000);
});
