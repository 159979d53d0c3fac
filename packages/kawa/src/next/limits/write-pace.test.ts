import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WritePace } from "./write-pace.ts";

beforeEach(() => {
  let drawn = 0;
  vi.spyOn(Math, "random").mockImplementation(() => (drawn = (drawn + 0.618) % 1));
});
afterEach(() => void vi.restoreAllMocks());

type Load = {
  readonly browsers: number;
  /** What one request takes of the server's time, in milliseconds. */
  readonly serviceMs: number;
  /** What a request waits for elsewhere, such as for a slow hook. */
  readonly awayMs?: number;
  readonly seconds?: number;
};

type Seen = { readonly perSecond: number; readonly meanMs: number; readonly maxMs: number; readonly holdMs: number };

/** A server that does one thing after the other, and browsers that write anew at the next frame after each answer. */
function simulate({ browsers, serviceMs, awayMs = 0, seconds = 20 }: Load): Seen {
  let now = 0;
  let busyMs = 0;
  const pace = new WritePace({ now: () => now, idleMs: () => now - busyMs });
  /** When each browser sends next. They come one after the other. */
  const sendsAt = Array.from({ length: browsers }, (_, index) => index * 50);
  const took: number[] = [];
  const endMs = browsers * 50 + seconds * 1_000;
  for (let isFreeAt = 0; ;) {
    const sentAt = Math.min(...sendsAt);
    if (sentAt > endMs) break;
    isFreeAt = Math.max(isFreeAt, sentAt) + serviceMs;
    busyMs += serviceMs;
    now = isFreeAt + awayMs;
    pace.note(now - sentAt);
    if (sentAt > endMs - 5_000) took.push(now - sentAt);
    sendsAt[sendsAt.indexOf(sentAt)] = Math.ceil((now + pace.holdMs) / 16) * 16;
  }
  const meanMs = took.reduce((sum, each) => sum + each, 0) / took.length;
  return { perSecond: took.length / 5, meanMs, maxMs: Math.max(...took), holdMs: pace.holdMs };
}

describe("the pace of writes", () => {
  it("keeps the line short where browsers ask for more than the server can do, and the server at work", () => {
    for (const [browsers, serviceMs] of [
      [100, 2],
      [300, 1],
      [40, 5],
    ] as const) {
      const { perSecond, meanMs } = simulate({ browsers, serviceMs });
      // Without it the line is as long as there are browsers.
      expect(meanMs).toBeLessThan((browsers * serviceMs) / 4);
      expect(perSecond).toBeGreaterThan(850 / serviceMs);
    }
  });

  it("holds nothing back on a server that has time, whatever a write waits for", () => {
    expect(simulate({ browsers: 3, serviceMs: 1 }).holdMs).toBe(0);
    expect(simulate({ browsers: 10, serviceMs: 1, awayMs: 300 }).holdMs).toBe(0);
  });

  it.each([
    ["goes on", 200, 100],
    ["comes after a while", 1, 20_000],
  ])("ends when the load ends, also for the next write that %s", (_, count, gapMs) => {
    let now = 0;
    let busyMs = 0;
    const pace = new WritePace({ now: () => now, idleMs: () => now - busyMs });
    const windows = (times: number, windowMs: number, tookMs: number, busy: number): void => {
      for (let n = 0; n < times; n += 1) {
        now += windowMs;
        busyMs += busy;
        pace.note(tookMs);
      }
    };
    windows(200, 100, 500, 100);
    expect(pace.holdMs).toBeGreaterThan(0);
    windows(count, gapMs, 2, 5);
    expect(pace.holdMs).toBe(0);
  });
});
