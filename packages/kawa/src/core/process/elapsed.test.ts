import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Elapsed } from "./elapsed.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000_000 }));
afterEach(() => void vi.useRealTimers());

it("counts while the process runs, and while it is stopped", () => {
  const since = new Elapsed();
  expect(since.ms).toBe(0);
  vi.advanceTimersByTime(1_500);
  expect(since.ms).toBe(1_500);
});

it("counts while the machine is suspended: one clock stands still then", () => {
  const since = new Elapsed();
  vi.setSystemTime(Date.now() + 60_000);
  expect(since.ms).toBe(60_000);
});

it("loses nothing when the clock is set back", () => {
  const since = new Elapsed();
  vi.advanceTimersByTime(5_000);
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(since.ms).toBe(5_000);
});
