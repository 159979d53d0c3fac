import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { RateLimit, rateOf } from "./rate-limit.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

const rate = rateOf(10);

function countAdmitted(limit: RateLimit, client: string, tries: number, cost = 1): number {
  let count = 0;
  for (let at = 0; at < tries; at += 1) {
    try {
      limit.take(client, cost, rate);
      count += 1;
    } catch {
      // One too many.
    }
  }
  return count;
}

describe("RateLimit", () => {
  it("lets four seconds' worth through at once, and then as many as the rate says", () => {
    const limit = new RateLimit();
    expect(countAdmitted(limit, "a", 100)).toBe(40);
    vi.advanceTimersByTime(1_000);
    expect(countAdmitted(limit, "a", 100)).toBe(10);
  });

  it("counts what costs more for more, and admits what costs too much when nothing else was asked", () => {
    const limit = new RateLimit();
    expect(countAdmitted(limit, "a", 100, 8)).toBe(5);
    expect(countAdmitted(limit, "b", 100, 1_000)).toBe(1);
    vi.advanceTimersByTime(3_999);
    expect(countAdmitted(limit, "b", 1, 1_000)).toBe(0);
    vi.advanceTimersByTime(1);
    expect(countAdmitted(limit, "b", 1, 1_000)).toBe(1);
  });

  it("counts each client for itself", async () => {
    const limit = new RateLimit();
    countAdmitted(limit, "a", 100);
    expect(await codeOf(() => limit.take("a", 1, rate))).toBe("RATE_LIMITED");
    expect(countAdmitted(limit, "b", 1)).toBe(1);
  });

  it("says when the next request is admitted", async () => {
    const limit = new RateLimit();
    countAdmitted(limit, "a", 100);
    const { data } = (await caught(() => limit.take("a", 1, rate))) as { data: { retryAfterMs: number } };
    expect(data.retryAfterMs).toBe(100);
    vi.advanceTimersByTime(100);
    expect(countAdmitted(limit, "a", 1)).toBe(1);
  });

  it("counts all together that are too many to be told apart, and forgets nobody for them", () => {
    const limit = new RateLimit(2);
    expect([countAdmitted(limit, "a", 100), countAdmitted(limit, "b", 100)]).toEqual([40, 40]);
    expect(countAdmitted(limit, "c", 30)).toBe(30);
    expect(countAdmitted(limit, "d", 30)).toBe(10);
    expect([countAdmitted(limit, "a", 1), limit.size]).toEqual([0, 3]);
  });

  it("forgets clients that have been quiet, and gives their places to others", () => {
    const limit = new RateLimit(2);
    for (const name of ["a", "b"]) countAdmitted(limit, name, 100);
    vi.advanceTimersByTime(4_000);
    expect([countAdmitted(limit, "c", 100), limit.size]).toEqual([40, 1]);
  });
});
