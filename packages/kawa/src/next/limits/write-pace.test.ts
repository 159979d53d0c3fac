import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WritePace } from "./write-pace.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

type Load = {
  readonly browsers: number;
  /** What one request takes of the server's time, in milliseconds. */
  readonly serviceMs: number;
  /** What a request waits for elsewhere, such as for a slow hook. */
  readonly awayMs?: number;
};

type Seen = { readonly perSecond: number; readonly meanMs: number; readonly worstMs: number; readonly room: number };

type Event = { readonly at: number; readonly run: () => void };

const secondsOfStart = 15;
const seconds = 5;

/** A server that does one thing after the other, and browsers that write anew at the next frame after each answer. */
function simulate({ browsers, serviceMs, awayMs = 0 }: Load): Seen {
  let now = 0;
  let busyMs = 0;
  let isFreeAt = 0;
  const pace = new WritePace({ now: () => now, idleMs: () => now - busyMs });
  const events: Event[] = [];
  const at = (time: number, run: () => void): void => {
    const place = events.findIndex((event) => event.at > time);
    events.splice(place < 0 ? events.length : place, 0, { at: time, run });
  };
  const took: number[] = [];
  const send = (): void => {
    const sentAt = now;
    const end = pace.begin();
    isFreeAt = Math.max(isFreeAt, now) + serviceMs;
    at(isFreeAt, () => (busyMs += serviceMs));
    at(isFreeAt + awayMs, () => {
      if (now > secondsOfStart * 1_000) took.push(now - sentAt);
      end();
      pace.hold(() => at((Math.floor(now / 16) + 1) * 16, send));
    });
  };
  for (let browser = 0; browser < browsers; browser += 1) at(browser * 10, send);
  for (let tick = 10; tick < (secondsOfStart + seconds) * 1_000; tick += 10) at(tick, () => pace.look());
  for (let next = events.shift(); next && next.at < (secondsOfStart + seconds) * 1_000; next = events.shift()) {
    now = next.at;
    next.run();
  }
  took.sort((one, other) => one - other);
  const meanMs = took.reduce((sum, each) => sum + each, 0) / took.length;
  const worstMs = took[Math.floor(took.length * 0.99)]!;
  return { perSecond: took.length / seconds, meanMs, worstMs, room: pace.room };
}

describe("the pace of writes", () => {
  it.each([
    [100, 2],
    [300, 1],
    [40, 5],
  ])(
    "keeps the line of %d browsers short and even where each takes %d ms, and the server at work",
    (browsers, serviceMs) => {
      const { perSecond, meanMs, worstMs } = simulate({ browsers, serviceMs });
      // Without it the line is as long as there are browsers.
      expect(meanMs).toBeLessThan((browsers * serviceMs) / 6);
      expect(worstMs).toBeLessThan((browsers * serviceMs) / 3);
      expect(perSecond).toBeGreaterThan(750 / serviceMs);
    },
  );

  it("leaves a busy server most of its work where each write waits long for something else", () => {
    const { perSecond } = simulate({ browsers: 600, serviceMs: 1, awayMs: 300 });
    expect(perSecond).toBeGreaterThan(700);
  });

  it("holds nothing back on a server that has time, whatever a write waits for", () => {
    expect(simulate({ browsers: 3, serviceMs: 1 }).room).toBe(Number.POSITIVE_INFINITY);
    expect(simulate({ browsers: 10, serviceMs: 1, awayMs: 300 }).room).toBe(Number.POSITIVE_INFINITY);
  });
});

/** A pace after a long load, with one write that goes on and on. */
function loaded() {
  let now = 0;
  let busyMs = 0;
  const pace = new WritePace({ now: () => now, idleMs: () => now - busyMs });
  const pass = (ms: number, busy: number): void => {
    now += ms;
    busyMs += busy;
  };
  for (let n = 0; n < 50; n += 1) {
    const ends = Array.from({ length: 10 }, () => pace.begin());
    pass(100, 100);
    for (const end of ends) end();
  }
  return { pace, pass };
}

describe("an answer that is held back", () => {
  it("goes when the line has room, those that came first before others", () => {
    const { pace } = loaded();
    const ends = Array.from({ length: 10 }, () => pace.begin());
    const order: number[] = [];
    for (const n of [1, 2]) pace.hold(() => order.push(n));
    expect(order).toEqual([]);
    for (const end of ends.slice(4)) end();
    expect(order).toEqual([]);
    ends[0]!();
    expect(order).toEqual([1]);
  });

  it("goes when its browser's turn was taken by nobody, also where nothing else happens", () => {
    const { pace, pass } = loaded();
    const released = vi.fn<() => void>();
    for (let n = 0; n < 4; n += 1) pace.hold(() => {});
    pace.hold(released);
    expect(released).not.toHaveBeenCalled();
    pass(60, 0);
    vi.advanceTimersByTime(10);
    expect(released).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes after two seconds whatever is under way", () => {
    const { pace, pass } = loaded();
    for (let n = 0; n < 4; n += 1) pace.begin();
    const released = vi.fn<() => void>();
    pace.hold(released);
    pass(1_900, 0);
    vi.advanceTimersByTime(10);
    expect(released).not.toHaveBeenCalled();
    pass(200, 0);
    vi.advanceTimersByTime(10);
    expect(released).toHaveBeenCalledOnce();
  });
});

it.each([
  ["goes on", 400, 100],
  ["comes after a while", 2, 20_000],
])("nothing is held back when the load has ended, also for the next write that %s", (_, count, gapMs) => {
  const { pace, pass } = loaded();
  expect(pace.room).toBeLessThan(10);
  for (let n = 0; n < count; n += 1) {
    const end = pace.begin();
    pass(gapMs, 5);
    end();
  }
  expect(pace.room).toBe(Number.POSITIVE_INFINITY);
});
