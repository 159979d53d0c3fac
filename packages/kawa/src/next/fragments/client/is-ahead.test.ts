import { describe, expect, it } from "vitest";
import { isAhead } from "./is-ahead.ts";

describe("isAhead", () => {
  it.each<[string, string, boolean]>([
    ["a=e@2", "a=e@1", true],
    ["a=e@1", "a=e@1", false],
    ["a=e@1", "a=e@2", false],
    ["a=e@1;b=f@2", "a=e@2;b=f@1", true],
    ["", "a=e@1", false],
  ])("compares %j with %j: %s", (versions, others, expected) => {
    expect(isAhead(versions, others, true)).toBe(expected);
    expect(isAhead(versions, others, false)).toBe(expected);
  });

  it.each([
    ["a=other@1", "a=e@9"],
    ["a=e@1", ""],
    ["a=e@1;b=f@1", "a=e@1"],
  ])("leaves %j and %j, which have no history in common, to the caller", (versions, others) => {
    expect(isAhead(versions, others, true)).toBe(true);
    expect(isAhead(versions, others, false)).toBe(false);
  });
});
