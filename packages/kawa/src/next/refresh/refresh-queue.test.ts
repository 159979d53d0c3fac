import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RefreshQueue, type RefreshStep, type ShownVersions } from "./refresh-queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seq: number, epoch = "e"): string => `${epoch}@${seq}`;

type Options = { route?: string; page?: string | undefined; random?: number };

/** A tab whose renders are committed by hand. */
function createTab({ route = at(0), page, random = 0.5 }: Options = {}) {
  const shown: { -readonly [K in keyof ShownVersions]: ShownVersions[K] } = { route, page };
  const start = vi.fn<(step: RefreshStep) => void>();
  vi.spyOn(Math, "random").mockReturnValue(random);
  const onStale = vi.fn<(announced: string) => void>();
  const tab = { canStart: true, behind: [] as boolean[] };
  const queue: RefreshQueue = new RefreshQueue({
    shown: () => shown,
    canStart: () => tab.canStart,
    start,
    onBehind: () => tab.behind.push(queue.isBehind),
    onStale,
  });
  const commit = (versions: Partial<ShownVersions>): void => {
    Object.assign(shown, versions);
    queue.settle();
    queue.resume();
  };
  const steps = (): readonly RefreshStep[] => start.mock.calls.map(([step]) => step);
  return { queue, shown, start, onStale, tab, commit, steps };
}

describe("an announcement", () => {
  it("of something newer starts a refresh at once", () => {
    const { queue, steps } = createTab();
    queue.announce(at(1), "route");
    expect(steps()).toEqual(["route"]);
  });

  it.each([
    ["what is shown", at(5)],
    ["something older", at(4)],
    ["nothing", ""],
    ["nonsense", "<script>"],
  ])("of %s starts nothing", (_, announced) => {
    const { queue, start, tab } = createTab({ route: at(5), page: at(5) });
    queue.announce(announced, "route");
    queue.announce(announced, "page");
    vi.runAllTimers();
    expect(start).not.toHaveBeenCalled();
    expect(tab.behind).toEqual([]);
  });

  it.each([
    ["another history, even with a lower number", at(1, "f")],
    ["a backend that the page has not seen", `${at(5)};x@0`],
  ])("of %s starts a refresh", (_, announced) => {
    const { queue, steps } = createTab({ route: at(5) });
    queue.announce(announced, "route");
    expect(steps()).toEqual(["route"]);
  });

  it.each(["before its end", "after its end"])(
    "of something that the page does not name counts as shown only where the refresh has brought a render, told %s",
    (when) => {
      const { queue, tab, steps, commit } = createTab();
      queue.announce(at(5, "other"), "route");
      if (when === "before its end") queue.fail();
      commit({});
      if (when === "after its end") queue.fail();
      expect(queue.isBehind).toBe(true);
      expect(tab.behind.at(-1)).toBe(true);
      vi.runAllTimers();
      expect(steps()).toEqual(["route"]);
      queue.announce(at(5, "other"), "route");
      vi.runAllTimers();
      expect(steps()).toEqual(["route", "route"]);
    },
  );

  it("of something that the next render does not name is given one render, and no more until there is news", () => {
    const { queue, start, commit, onStale } = createTab({ route: at(5) });
    queue.announce(`${at(5)};late@3`, "route");
    commit({ route: at(5) });
    vi.runAllTimers();
    expect([start.mock.calls.length, queue.isBehind, onStale.mock.calls.length]).toEqual([1, false, 0]);
    queue.announce(`${at(6)};late@3`, "route");
    commit({ route: at(6) });
    expect(start).toHaveBeenCalledTimes(2);
    queue.announce(`${at(6)};late@4`, "route");
    expect(start).toHaveBeenCalledTimes(3);
    commit({ route: at(6) });
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(3);
  });

  it("of something that no render names, told again by a server that knows better, is given another render after a while", () => {
    const { queue, start, commit } = createTab({ route: at(5) });
    queue.announce("late@3", "route");
    commit({ route: at(5) });
    queue.announce("late@3", "route");
    vi.advanceTimersByTime(2_499);
    expect(start).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(start).toHaveBeenCalledTimes(2);
  });

  it("that comes during a render does not count as shown by it", () => {
    const { queue, start, commit } = createTab({ route: at(5) });
    queue.announce(at(6), "route");
    queue.announce(`${at(6)};late@3`, "route");
    commit({ route: at(6) });
    expect(start).toHaveBeenCalledTimes(2);
    commit({ route: at(6) });
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(2);
  });

  it("during a refresh starts none before its end, then exactly one", () => {
    const { queue, start, commit } = createTab();
    for (let seq = 1; seq <= 10; seq += 1) queue.announce(at(seq), "route");
    expect(start).toHaveBeenCalledTimes(1);
    commit({ route: at(1) });
    expect(start).toHaveBeenCalledTimes(2);
    commit({ route: at(10) });
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(2);
  });

  it("told again by a stream that was opened anew does not hurry the refresh that is due", () => {
    const { queue, start, commit } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    queue.announce(at(2), "route");
    vi.advanceTimersByTime(249);
    expect(start).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(start).toHaveBeenCalledTimes(2);
  });
});

describe("the way", () => {
  it("is the page for what only the page has read, and its marker is the proof", () => {
    const { queue, steps, commit } = createTab({ page: at(0) });
    queue.announce(at(1), "page");
    commit({ page: at(1) });
    vi.runAllTimers();
    expect(steps()).toEqual(["page"]);
  });

  it("is the route when the page has no marker any more", () => {
    const { queue, steps, commit, tab, shown } = createTab({ page: at(0) });
    tab.canStart = false;
    queue.announce(at(1), "page");
    shown.page = undefined;
    tab.canStart = true;
    queue.resume();
    commit({ route: at(1) });
    vi.runAllTimers();
    expect(steps()).toEqual(["route"]);
  });

  it("is the route when both are wanted, which renders the page too", () => {
    const { queue, steps, commit, tab } = createTab({ page: at(0) });
    tab.canStart = false;
    queue.announce(at(1), "page");
    queue.announce(at(2), "route");
    tab.canStart = true;
    queue.resume();
    commit({ route: at(2), page: at(2) });
    vi.runAllTimers();
    expect(steps()).toEqual(["route"]);
  });

  it("is forgotten with the page that was left", () => {
    const { queue, start, tab } = createTab({ page: at(0) });
    tab.canStart = false;
    queue.announce(at(1), "page");
    queue.leave();
    tab.canStart = true;
    queue.resume();
    vi.runAllTimers();
    expect(start).not.toHaveBeenCalled();
  });
});

describe("a render that shows less than was announced", () => {
  it("is asked for again after 250 ms, until a server has caught up", () => {
    const { queue, start, commit, onStale } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    vi.advanceTimersByTime(249);
    expect(start).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(start).toHaveBeenCalledTimes(2);
    commit({ route: at(2) });
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(2);
    expect(onStale).not.toHaveBeenCalled();
  });

  it.each([
    ["page", ["page", "page", "route", "anew"]],
    ["route", ["route", "route", "route", "anew"]],
  ] as const)("is asked for another way and then reported: %s", (way, expected) => {
    const { queue, steps, commit, onStale } = createTab({ page: at(0) });
    queue.announce(at(1), way);
    for (let n = 0; n < 10; n += 1) {
      commit({});
      vi.advanceTimersByTime(250);
    }
    expect(steps()).toEqual(expected);
    expect(onStale.mock.calls).toEqual([[at(1)]]);
  });

  it("is tried again from the start with the next announcement", () => {
    const { queue, steps, commit } = createTab();
    queue.announce(at(1), "route");
    for (let n = 0; n < 4; n += 1) {
      commit({});
      vi.advanceTimersByTime(250);
    }
    queue.announce(at(2), "route");
    expect(steps().slice(4)).toEqual(["route"]);
  });

  it("is tried once more, and not at once, when it is told the same again", () => {
    const { queue, start, commit, onStale } = createTab();
    queue.announce(at(1), "route");
    for (let n = 0; n < 4; n += 1) {
      commit({});
      vi.advanceTimersByTime(250);
    }
    queue.announce(at(1), "route");
    vi.advanceTimersByTime(2_499);
    expect(start).toHaveBeenCalledTimes(4);
    vi.advanceTimersByTime(1);
    expect(start).toHaveBeenCalledTimes(5);
    commit({});
    expect(onStale).toHaveBeenCalledTimes(2);
  });

  it("gives way to an announcement of something newer", () => {
    const { queue, start, commit } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    queue.announce(at(3), "route");
    expect(start).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(10_000);
    expect(start).toHaveBeenCalledTimes(2);
  });

  it("is spared by a navigation that brings the announced version", () => {
    const { queue, start, commit, shown } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    shown.route = at(2);
    queue.resume();
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(1);
  });
});

describe("a page that has come without a refresh", () => {
  it.each([
    ["does not name what the page before it has shown", at(3, "f")],
    ["names nothing", ""],
    ["is older than the page before it", at(4)],
  ])("is rendered again soon where it %s", (_, route) => {
    const { queue, steps, commit } = createTab({ route: at(5) });
    queue.announce(at(5), "route");
    commit({ route });
    expect(queue.isBehind).toBe(true);
    vi.advanceTimersByTime(249);
    expect(steps()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(steps()).toEqual(["route"]);
    commit({ route: route && at(5, route[0]) });
    vi.runAllTimers();
    expect([steps(), queue.isBehind]).toEqual([["route"], false]);
  });

  it("is not rendered again where the next one shows all", () => {
    const { queue, start, commit } = createTab({ route: at(5) });
    queue.announce(at(5), "route");
    commit({ route: "" });
    commit({ route: at(5) });
    vi.runAllTimers();
    expect(start).not.toHaveBeenCalled();
  });

  it("is rendered again where a refresh ends on it that was asked for before", () => {
    const { queue, start, commit, shown } = createTab();
    queue.announce(at(1), "route");
    queue.announce(at(2), "route");
    shown.route = at(2);
    queue.resume();
    commit({ route: at(1) });
    vi.runAllTimers();
    expect([start.mock.calls.length, queue.isBehind]).toEqual([2, true]);
  });

  it("does not count as shown by a refresh of the page that was left", () => {
    const { queue, start, commit, shown } = createTab();
    queue.announce(at(1), "route");
    queue.leave();
    shown.route = "";
    commit({});
    expect(queue.isBehind).toBe(true);
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(2);
    commit({});
    vi.runAllTimers();
    expect([start.mock.calls.length, queue.isBehind]).toEqual([2, false]);
  });

  it.each(["given up", "failed"])("is rendered again where that of the page before was %s", (what) => {
    const { queue, start, commit } = createTab();
    queue.announce(at(2), "route");
    for (let n = 0; n < 4; n += 1) {
      if (what === "failed") queue.fail();
      commit({});
      vi.runAllTimers();
    }
    const { length } = start.mock.calls;
    commit({ route: at(1) });
    vi.runAllTimers();
    expect([start.mock.calls.length, queue.isBehind]).toEqual([length, true]);
    queue.leave();
    commit({});
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(length + 1);
    expect(start).toHaveBeenLastCalledWith("route");
    commit({ route: at(2) });
    vi.runAllTimers();
    expect([start.mock.calls.length, queue.isBehind]).toEqual([length + 1, false]);
  });
});

describe("a spread", () => {
  it("delays the start by a random part of it", () => {
    const { queue, start } = createTab({ random: 0.25 });
    queue.announce(at(1), "route", 4_000);
    vi.advanceTimersByTime(999);
    expect(start).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(start).toHaveBeenCalledTimes(1);
  });

  it("is not extended by what comes meanwhile, which the one refresh shows too", () => {
    const { queue, start, commit } = createTab({ random: 0.5 });
    for (let seq = 1; seq <= 20; seq += 1) {
      queue.announce(at(seq), "route", 1_000);
      vi.advanceTimersByTime(24);
    }
    expect(start).not.toHaveBeenCalled();
    vi.advanceTimersByTime(500 - 20 * 24);
    expect(start).toHaveBeenCalledTimes(1);
    commit({ route: at(20) });
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(1);
  });
});

describe("a tab that is hidden or navigates", () => {
  it("starts nothing, and catches up once afterwards", () => {
    const { queue, start, commit, tab } = createTab();
    tab.canStart = false;
    for (let seq = 1; seq <= 5; seq += 1) {
      queue.announce(at(seq), "route");
      vi.advanceTimersByTime(60_000);
    }
    expect(start).not.toHaveBeenCalled();
    tab.canStart = true;
    queue.resume();
    commit({ route: at(5) });
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(1);
  });

  it("starts nothing that was due while it could not", () => {
    const { queue, start, commit, tab } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    tab.canStart = false;
    vi.advanceTimersByTime(1_000);
    expect(start).toHaveBeenCalledTimes(1);
  });
});

describe("a steady stream of changes", () => {
  it("of 60 in 3 s on a page that takes 400 ms shows progress all along and ends on the last", () => {
    let serverSeq = 0;
    let inFlight = 0;
    let mostInFlight = 0;
    const shownAt: { ms: number; seq: number }[] = [];
    const { queue, start, commit } = createTab();
    start.mockImplementation(() => {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      const rendered = serverSeq;
      setTimeout(() => {
        inFlight -= 1;
        shownAt.push({ ms: Date.now() - startedAt, seq: rendered });
        commit({ route: at(rendered) });
      }, 400);
    });
    const startedAt = Date.now();
    for (let n = 1; n <= 60; n += 1) {
      serverSeq = n;
      queue.announce(at(n), "route");
      vi.advanceTimersByTime(50);
    }
    vi.runAllTimers();
    expect(mostInFlight).toBe(1);
    expect(shownAt.at(-1)!.seq).toBe(60);
    expect(start.mock.calls.length).toBeLessThanOrEqual(9);
    const gaps = shownAt.map(({ ms }, n) => ms - (shownAt[n - 1]?.ms ?? 0));
    expect(Math.max(...gaps)).toBe(400);
    const seqs = shownAt.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });
});

describe("force", () => {
  it("renders the route once although everything is shown", () => {
    const { queue, steps, commit } = createTab({ page: at(0) });
    queue.force();
    commit({});
    vi.runAllTimers();
    expect(steps()).toEqual(["route"]);
  });

  it("during a refresh renders once more", () => {
    const { queue, start, commit } = createTab();
    queue.announce(at(1), "route");
    queue.force();
    commit({ route: at(1) });
    expect(start).toHaveBeenCalledTimes(2);
  });
});

describe("isBehind", () => {
  it("lasts from the announcement to the proof", () => {
    const { queue, commit, tab } = createTab();
    queue.announce(at(1), "route");
    commit({});
    commit({ route: at(1) });
    expect(tab.behind).toEqual([true, false]);
  });
});

describe("stop", () => {
  it("ends the waiting for a server that is behind", () => {
    const { queue, start, commit } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    queue.stop();
    vi.runAllTimers();
    expect(start).toHaveBeenCalledTimes(1);
  });

  it("drops what was announced, which the next stream announces again", () => {
    const { queue, start, commit, tab } = createTab();
    queue.announce(at(2), "route");
    commit({ route: at(1) });
    queue.stop();
    queue.resume();
    vi.runAllTimers();
    expect([start.mock.calls.length, queue.isBehind, tab.behind]).toEqual([1, false, [true, false]]);
    queue.announce(at(2), "route");
    expect(start).toHaveBeenCalledTimes(2);
  });
});
