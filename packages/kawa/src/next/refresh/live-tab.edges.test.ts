import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { enterTab, FakeWindow } from "../../../test/support/fake-browser.ts";
import { FakeStreams, settle } from "../../../test/support/fake-streams.ts";
import { at, openTab } from "../../../test/support/live-tab.ts";
import type { RouterNews } from "../router/router-requests.ts";

const router = vi.hoisted(() => ({ tell: (_news: unknown): void => {}, askAgain: vi.fn<() => void>() }));
vi.mock("#router-segments", () => ({ listSegments: () => new Map() }));
vi.mock("../router/next-task.ts", () => ({ nextTask: queueMicrotask }));
vi.mock("../router/router-requests.ts", async (original) => ({
  ...(await original<object>()),
  askAgain: router.askAgain,
  onRouterAnswer: (listener: (news: RouterNews) => void) => {
    router.tell = listener as typeof router.tell;
    return () => {};
  },
}));

let streams: FakeStreams;
let browser: FakeWindow;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockReturnValue();
  streams = new FakeStreams();
  enterTab({});
  browser = new FakeWindow();
});

afterEach(() => {
  streams.restore();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** What is under way. */
type State = "nothing" | "refresh" | "navigation" | "refresh, navigation";
type Tab = Awaited<ReturnType<typeof openTab>>;

/** Newer than whatever a tab has been told. */
const newest = 50;
/** A render that is asked for again is so a moment later. */
const askedAgainMs = 250;

const start: Readonly<Record<State, (tab: Tab) => Promise<void>>> = {
  nothing: async () => {},
  refresh: ({ announce }) => announce(1),
  navigation: async ({ tab }) => void tab.noteNavigation(),
  "refresh, navigation": async ({ tab, announce }) => {
    await announce(1);
    tab.noteNavigation();
  },
};

const steps = {
  "a change": ({ announce }) => announce(2),
  "a change while the tab is hidden": async ({ announce }) => {
    browser.setVisible(false);
    await announce(2);
  },
  "a hidden tab with a change is shown": async ({ announce }) => {
    browser.setVisible(false);
    await announce(2);
    browser.setVisible(true);
  },
  "the visitor is another one": async () => {
    await streams.last.send("bye", { reason: "expired", withinMs: 0 });
    await vi.advanceTimersByTimeAsync(askedAgainMs);
    await streams.last.send("hello", {});
  },
  "the visitor navigates": async ({ tab }) => void tab.noteNavigation(),
  "the refresh is shown": ({ tab, commit }) =>
    commit({ render: "r1", versions: at(1), refreshCount: tab.refreshCount }),
  "the refresh is shown, and is too old": ({ tab, commit }) =>
    commit({ render: "r1", versions: at(0), refreshCount: tab.refreshCount }),
  "the navigation is shown": ({ tab, commit }) =>
    commit({ render: "n1", versions: at(1), navigationCount: tab.navigationCount }),
  "the navigation is shown, and is too old": async ({ tab, announce, commit }) => {
    await announce(2);
    await commit({ render: "n1", versions: at(1), navigationCount: tab.navigationCount });
  },
  "an earlier navigation is shown": async ({ tab, commit }) => {
    const earlier = tab.navigationCount;
    tab.noteNavigation();
    await commit({ render: "n1", versions: at(1), navigationCount: earlier });
  },
  "both are shown": ({ tab: { refreshCount, navigationCount }, commit }) =>
    commit({ render: "n1", versions: at(1), refreshCount, navigationCount }),
  "the page is shown again as it is": ({ commit }) => commit(),
  "an answer of the router breaks off": async () => router.tell("broken"),
  "a prefetched page is lost": async () => router.tell("lost"),
  "the page fails": async ({ tab }) => tab.fail("/api/reactive", "r9"),
} satisfies Record<string, (tab: Tab) => Promise<void>>;

type Step = keyof typeof steps;
/** `asked`: how many renders the step itself asks for. */
type Edge = readonly [from: State, step: Step, to: State, asked?: number];

const edges: readonly Edge[] = [
  ["nothing", "a change", "refresh", 1],
  ["nothing", "a change while the tab is hidden", "nothing"],
  ["nothing", "a hidden tab with a change is shown", "refresh", 1],
  ["nothing", "the visitor is another one", "refresh", 1],
  ["nothing", "the visitor navigates", "navigation"],
  ["nothing", "the page is shown again as it is", "nothing"],
  ["nothing", "an answer of the router breaks off", "refresh", 1],
  ["nothing", "a prefetched page is lost", "refresh", 1],
  ["nothing", "the page fails", "nothing"],
  ["refresh", "a change", "refresh"],
  ["refresh", "a change while the tab is hidden", "refresh"],
  ["refresh", "a hidden tab with a change is shown", "refresh"],
  ["refresh", "the visitor is another one", "refresh"],
  ["refresh", "the visitor navigates", "refresh, navigation"],
  ["refresh", "the refresh is shown", "nothing"],
  ["refresh", "the refresh is shown, and is too old", "refresh", 1],
  ["refresh", "the page is shown again as it is", "refresh"],
  ["refresh", "an answer of the router breaks off", "refresh", 1],
  ["refresh", "a prefetched page is lost", "refresh", 1],
  ["refresh", "the page fails", "refresh", 1],
  ["navigation", "a change", "navigation"],
  ["navigation", "a change while the tab is hidden", "navigation"],
  ["navigation", "a hidden tab with a change is shown", "navigation"],
  ["navigation", "the visitor is another one", "navigation"],
  ["navigation", "the visitor navigates", "navigation"],
  ["navigation", "the navigation is shown", "nothing"],
  ["navigation", "the navigation is shown, and is too old", "refresh", 1],
  ["navigation", "an earlier navigation is shown", "navigation"],
  ["navigation", "the page is shown again as it is", "navigation"],
  ["navigation", "an answer of the router breaks off", "refresh", 1],
  ["navigation", "a prefetched page is lost", "refresh", 1],
  ["navigation", "the page fails", "nothing"],
  ["refresh, navigation", "a change", "refresh, navigation"],
  ["refresh, navigation", "a change while the tab is hidden", "refresh, navigation"],
  ["refresh, navigation", "a hidden tab with a change is shown", "refresh, navigation"],
  ["refresh, navigation", "the visitor is another one", "refresh, navigation"],
  ["refresh, navigation", "the visitor navigates", "refresh, navigation"],
  ["refresh, navigation", "the refresh is shown", "navigation"],
  ["refresh, navigation", "the refresh is shown, and is too old", "navigation"],
  ["refresh, navigation", "the navigation is shown", "refresh"],
  ["refresh, navigation", "the navigation is shown, and is too old", "refresh"],
  ["refresh, navigation", "an earlier navigation is shown", "refresh, navigation"],
  ["refresh, navigation", "both are shown", "nothing"],
  ["refresh, navigation", "the page is shown again as it is", "refresh, navigation"],
  ["refresh, navigation", "an answer of the router breaks off", "refresh", 1],
  ["refresh, navigation", "a prefetched page is lost", "refresh", 1],
  ["refresh, navigation", "the page fails", "refresh", 1],
];

const named = edges.map(([from, step, to, asked = 0]) => ({ from, step, to, asked }));

describe("a tab with something under way", () => {
  it.each(named)("$from: $step leads to $to", async ({ from, step, to, asked }) => {
    const tab = await openTab(streams);
    await start[from](tab);
    const count = tab.refresh.mock.calls.length;
    await steps[step](tab);
    await settle();
    await vi.advanceTimersByTimeAsync(askedAgainMs);
    expect(tab.refresh.mock.calls.length - count).toBe(asked);
    expect(await stateOf(tab, isGivenUp(step))).toBe(to);
  });
});

it.each([
  ["an answer breaks off", "nothing", "broken", "route"],
  ["an answer breaks off while the tab goes to a page, which Next keeps", "navigation", "broken", "anew"],
  ["what was prefetched is lost, which Next keeps", "nothing", "lost", "anew"],
  ["what was prefetched is lost while the tab goes to a page", "navigation", "lost", "anew"],
] as const)("where %s, a refresh of the right kind takes its place, once", async (_, from, news, step) => {
  const tab = await openTab(streams);
  await start[from](tab);
  router.tell(news);
  await settle();
  expect(tab.steps()).toEqual([step]);
  const { refreshCount, navigationCount } = tab.tab;
  await tab.commit({ render: "r1", versions: at(1), refreshCount, navigationCount });
  await tab.announce(2);
  expect(tab.steps()).toEqual([step, "route"]);
});

describe("a refresh that does not end", () => {
  it("is asked for again, and then another one takes its place, each time later", async () => {
    const { refresh, announce, commit, tab } = await openTab(streams);
    await announce(1);
    const seen: unknown[] = [];
    const afterSeconds = async (seconds: number): Promise<void> => {
      await vi.advanceTimersByTimeAsync(seconds * 1_000);
      seen.push([refresh.mock.calls.length, router.askAgain.mock.calls.length]);
    };
    // Reported as stale after five seconds.
    for (const seconds of [9, 2, 8, 2]) await afterSeconds(seconds);
    expect(seen).toEqual([
      [1, 0],
      [1, 1],
      [1, 1],
      [2, 1],
    ]);
    await afterSeconds(60);
    expect(seen.at(-1)).toEqual([2, 2]);
    await commit({ render: "r1", versions: at(1), refreshCount: tab.refreshCount });
    await afterSeconds(1_000);
    expect(seen.at(-1)).toEqual([2, 2]);
  });
});

/** A navigation is not waited for any more. React names it with whatever it shows next. */
function isGivenUp(step: Step): boolean {
  return ["an answer of the router breaks off", "a prefetched page is lost", "the page fails"].includes(step);
}

/** Tells a state by what comes of it. */
async function stateOf({ tab, refresh, commit, announce }: Tab, isGivenUp: boolean): Promise<State> {
  const count = refresh.mock.calls.length;
  const isRefreshing = Boolean(tab.refreshingHere);
  if (isRefreshing) {
    const shown = isGivenUp ? { navigationCount: tab.navigationCount } : {};
    await commit({ versions: at(newest), refreshCount: tab.refreshCount, ...shown });
  }
  browser.setVisible(true);
  await announce(newest + 1);
  await settle();
  // A navigation keeps the next render from being asked for.
  const isNavigating = refresh.mock.calls.length === count;
  if (isRefreshing) return isNavigating ? "refresh, navigation" : "refresh";
  return isNavigating ? "navigation" : "nothing";
}
