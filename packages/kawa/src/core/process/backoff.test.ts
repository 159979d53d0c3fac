import { describe, expect, it } from "vitest";
import { backoff } from "./backoff.ts";

describe("backoff", () => {
  it("doubles with each failure in a row, up to the longest wait", () => {
    const waits = [1, 2, 3, 4, 5, 6].map((failureCount) => backoff({ firstMs: 100, maxMs: 1_000 }, failureCount));
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it("stays at the longest wait however often it fails", () => {
    expect(backoff({ firstMs: 100, maxMs: 1_000 }, 100_000)).toBe(1_000);
  });
});
