import { describe, expect, it } from "vitest";
import { parseVersions } from "../../core/value/version.ts";
import { isAhead } from "./is-ahead.ts";

describe("isAhead", () => {
  it.each<[string, string, boolean]>([
    ["e@2", "e@1", true],
    ["e@1", "e@1", false],
    ["e@1", "e@2", false],
    ["e@1;f@2", "e@2;f@1", true],
    ["", "e@1", false],
  ])("compares %j with %j: %s", (versions, others, expected) => {
    const args = [parseVersions(versions), parseVersions(others)] as const;
    expect(isAhead(...args, true)).toBe(expected);
    expect(isAhead(...args, false)).toBe(expected);
  });

  it.each([
    ["other@1", "e@9"],
    ["e@1", ""],
    ["e@1;f@1", "e@1"],
  ])("leaves %j and %j, which have no history in common, to the caller", (versions, others) => {
    const args = [parseVersions(versions), parseVersions(others)] as const;
    expect(isAhead(...args, true)).toBe(true);
    expect(isAhead(...args, false)).toBe(false);
  });
});
