import { afterEach, expect, it, vi } from "vitest";
import { backoff } from "./backoff.ts";

afterEach(() => void vi.restoreAllMocks());

it("doubles each delay up to the longest one", () => {
  const nextDelayMs = backoff({ firstMs: 50, maxMs: 300 });
  expect([1, 2, 3, 4, 5].map(() => nextDelayMs())).toEqual([50, 100, 200, 300, 300]);
});

it("spreads each delay by half of it with jitter, and doubles it all the same", () => {
  const random = vi.spyOn(Math, "random");
  const nextDelayMs = backoff({ firstMs: 100, maxMs: 1_000, jitter: true });
  random.mockReturnValue(0);
  expect(nextDelayMs()).toBe(50);
  random.mockReturnValue(0.5);
  expect(nextDelayMs()).toBe(200);
  random.mockReturnValue(0.75);
  expect(nextDelayMs()).toBe(500);
});
