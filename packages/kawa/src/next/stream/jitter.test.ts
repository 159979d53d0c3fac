import { performance } from "node:perf_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { jitterMsFor } from "./jitter.ts";

let utilization: number;
let now = 0;

beforeEach(() => {
  utilization = 0;
  now += 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(performance, "eventLoopUtilization").mockImplementation(() => ({ idle: 0, active: 0, utilization }));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** The server has been this busy since the last look. */
function measure(next: number): void {
  utilization = next;
  now += 1_000;
}

describe("jitterMsFor", () => {
  it("leaves few tabs alone, and gives each of many about the time of a render", () => {
    expect([1, 20, 21, 1_000].map((count) => jitterMsFor(count, 10_000))).toEqual([0, 0, 63, 3_000]);
  });

  it("is never longer than what was set", () => {
    expect(jitterMsFor(100_000, 10_000)).toBe(10_000);
    expect(jitterMsFor(100_000, 0)).toBe(0);
  });

  it("gives a busy server some time, and an idle one none", () => {
    jitterMsFor(1, 10_000);
    measure(0.9);
    expect(jitterMsFor(1, 10_000)).toBe(500);
    measure(0.5);
    expect(jitterMsFor(1, 10_000)).toBe(0);
  });

  it("looks at most four times a second", () => {
    jitterMsFor(1, 10_000);
    measure(0.9);
    expect(jitterMsFor(1, 10_000)).toBe(500);
    utilization = 0;
    now += 249;
    expect(jitterMsFor(1, 10_000)).toBe(500);
    now += 1;
    expect(jitterMsFor(1, 10_000)).toBe(0);
  });
});
