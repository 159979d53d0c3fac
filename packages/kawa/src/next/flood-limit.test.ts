import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import { FloodLimit } from "./flood-limit.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

function countAdmitted(limit: FloodLimit, client: string, tries: number): number {
  let count = 0;
  for (let at = 0; at < tries; at += 1) {
    try {
      limit.take(client, 10);
      count += 1;
    } catch {
      // One too many.
    }
  }
  return count;
}

describe("FloodLimit", () => {
  it("lets four seconds' worth through at once, and then as many as the rate says", () => {
    const limit = new FloodLimit();
    expect(countAdmitted(limit, "a", 100)).toBe(40);
    vi.advanceTimersByTime(1_000);
    expect(countAdmitted(limit, "a", 100)).toBe(10);
  });

  it("counts each client for itself", async () => {
    const limit = new FloodLimit();
    countAdmitted(limit, "a", 100);
    expect(await codeOf(() => limit.take("a", 10))).toBe("RATE_LIMITED");
    expect(countAdmitted(limit, "b", 1)).toBe(1);
  });

  it("says when the next request is admitted", async () => {
    const limit = new FloodLimit();
    countAdmitted(limit, "a", 100);
    const { data } = (await caught(() => limit.take("a", 10))) as { data: { retryAfterMs: number } };
    expect(data.retryAfterMs).toBe(100);
    vi.advanceTimersByTime(100);
    expect(countAdmitted(limit, "a", 1)).toBe(1);
  });
});
