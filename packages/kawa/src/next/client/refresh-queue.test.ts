import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RefreshQueue } from "./refresh-queue.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const at = (seq: number, epoch = "e"): string => `b=${epoch}@${seq}`;

function createQueue(shown = at(0)) {
  const refresh = vi.fn<() => void>();
  return { queue: new RefreshQueue(shown, refresh), refresh };
}

describe("an announcement", () => {
  it("of something newer starts a refresh at once", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(1));
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["what is shown", at(5)],
    ["something older", at(4)],
    ["nothing", ""],
    ["nonsense", "<script>"],
  ])("of %s starts nothing", (_, announced) => {
    const { queue, refresh } = createQueue(at(5));
    queue.announce(announced);
    expect(refresh).not.toHaveBeenCalled();
  });

  it.each([
    ["another history, even with a lower number", at(1, "f")],
    ["a backend that the page has not seen", `${at(5)};other=x@0`],
  ])("of %s starts a refresh", (_, announced) => {
    const { queue, refresh } = createQueue(at(5));
    queue.announce(announced);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("during a refresh starts none before it is committed, then exactly one", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(1));
    queue.commit(at(0), true);
    for (let seq = 2; seq <= 10; seq += 1) queue.announce(at(seq));
    expect(refresh).toHaveBeenCalledTimes(1);
    queue.commit(at(1), false);
    expect(refresh).toHaveBeenCalledTimes(2);
    queue.commit(at(10), false);
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe("a commit", () => {
  it("that shows everything announced ends the work", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(1));
    queue.commit(at(1), false);
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(queue.shown).toBe(at(1));
  });

  it("while the transition is pending is no end of the refresh", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(1));
    queue.commit(at(0), true);
    queue.announce(at(2));
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("of a server that is behind asks again after 250 ms, until it has caught up", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(2));
    queue.commit(at(1), false);
    vi.advanceTimersByTime(249);
    expect(refresh).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(refresh).toHaveBeenCalledTimes(2);
    queue.commit(at(1), false);
    vi.advanceTimersByTime(250);
    expect(refresh).toHaveBeenCalledTimes(3);
    queue.commit(at(2), false);
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(3);
  });

  it("of a navigation that brings the announced version spares the waiting refresh", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(2));
    queue.commit(at(1), false);
    queue.commit(at(2), false);
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("lets an announcement take the place of the waiting refresh", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(2));
    queue.commit(at(1), false);
    queue.announce(at(3));
    expect(refresh).toHaveBeenCalledTimes(2);
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe("a steady stream of changes", () => {
  it("of 60 in 3 s on a page that takes 400 ms shows progress all along and ends on the last", () => {
    let serverSeq = 0;
    const shownAt: { ms: number; seq: number }[] = [];
    let inFlight = 0;
    let mostInFlight = 0;
    const refresh = vi.fn<() => void>(() => {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      const rendered = serverSeq;
      queue.commit(queue.shown, true);
      setTimeout(() => {
        inFlight -= 1;
        shownAt.push({ ms: Date.now() - start, seq: rendered });
        queue.commit(at(rendered), false);
      }, 400);
    });
    const queue = new RefreshQueue(at(0), refresh);
    const start = Date.now();
    for (let n = 1; n <= 60; n += 1) {
      serverSeq = n;
      queue.announce(at(n));
      vi.advanceTimersByTime(50);
    }
    vi.runAllTimers();
    expect(mostInFlight).toBe(1);
    expect(shownAt.at(-1)!.seq).toBe(60);
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(9);
    const gaps = shownAt.map(({ ms }, n) => ms - (shownAt[n - 1]?.ms ?? 0));
    expect(Math.max(...gaps)).toBe(400);
    expect(shownAt.map(({ seq }) => seq)).toEqual([...shownAt.map(({ seq }) => seq)].sort((a, b) => a - b));
    expect(new Set(shownAt.map(({ seq }) => seq)).size).toBe(shownAt.length);
  });
});

describe("forget", () => {
  it("makes any announcement news, until the next commit", () => {
    const { queue, refresh } = createQueue(at(5));
    queue.forget();
    expect(queue.shown).toBe("");
    queue.announce(at(5));
    expect(refresh).toHaveBeenCalledTimes(1);
    queue.commit(at(5), false);
    queue.announce(at(5));
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});

describe("stop", () => {
  it("ends the waiting for a server that is behind", () => {
    const { queue, refresh } = createQueue();
    queue.announce(at(2));
    queue.commit(at(1), false);
    queue.stop();
    vi.runAllTimers();
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});
