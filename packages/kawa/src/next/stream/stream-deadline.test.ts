import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tickMs } from "./open-streams.ts";
import { StreamDeadline, type StreamEnd } from "./stream-deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createDeadline() {
  const onEnd = vi.fn<(why: StreamEnd) => void>();
  const deadline = new StreamDeadline(onEnd);
  const tick = (): void => deadline.tick(performance.now());
  return { onEnd, deadline, tick };
}

describe("the end of a stream", () => {
  it("has no timer while it is far, and one from the tick on that comes before it", () => {
    const { onEnd, deadline, tick } = createDeadline();
    deadline.endAfter(2 * tickMs, "rotation");
    tick();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(tickMs);
    tick();
    tick();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(tickMs - 1);
    expect(onEnd).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onEnd.mock.calls).toEqual([["rotation"]]);
  });

  it("has one at once when it is near, and when it has passed", () => {
    const { onEnd, deadline } = createDeadline();
    deadline.endAfter(-5, "expired");
    vi.advanceTimersByTime(0);
    expect(onEnd.mock.calls).toEqual([["expired"]]);
  });

  it("is the first of several, far or near", () => {
    const { onEnd, deadline, tick } = createDeadline();
    deadline.endAfter(60_000, "rotation");
    deadline.endAfter(500, "restart");
    deadline.endAfter(90_000, "rotation");
    deadline.endAfter(200, "expired");
    deadline.endAfter(300, "restart");
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(200);
    tick();
    expect(onEnd.mock.calls).toEqual([["expired"]]);
  });

  it("does not come once it is stopped, near or far", () => {
    const { onEnd, deadline } = createDeadline();
    deadline.endAfter(60_000, "rotation");
    deadline.stop();
    deadline.endAfter(100, "expired");
    deadline.stop();
    vi.advanceTimersByTime(120_000);
    expect(onEnd).not.toHaveBeenCalled();
  });
});
