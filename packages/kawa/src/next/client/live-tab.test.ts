import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { enterTab, FakeWindow } from "../../../test/support/fake-browser.ts";
import { FakeStreams, settle } from "../../../test/support/fake-streams.ts";
import { valuePort } from "../../core/browser/value-port.ts";
import type { Subscription } from "../stream-protocol.ts";
import { LiveTab, type LiveRefreshWay } from "./live-tab.ts";
import type { RefreshStep } from "./refresh-queue.ts";

const next = vi.hoisted(() => ({ isNavigationReported: false }));
vi.mock("./navigation-start.ts", () => ({ isNavigationReported: () => next.isNavigationReported }));

let streams: FakeStreams;
let browser: FakeWindow;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.spyOn(console, "warn").mockReturnValue();
  streams = new FakeStreams();
  enterTab({});
  browser = new FakeWindow();
  next.isNavigationReported = false;
});

afterEach(() => {
  streams.restore();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seq: number): string => `e@${seq}`;

/** A tab whose page was rendered as `r0`, with a stream that is open. */
async function openTab({ way = "auto", page }: { way?: LiveRefreshWay; page?: string } = {}) {
  const tab = new LiveTab();
  const refresh = vi.fn<(step: RefreshStep, refreshCount: number) => void>();
  const shown = { render: "r0", versions: at(0), refreshCount: 0, navigationCount: 0 };
  const commit = async (news: Partial<typeof shown> = {}): Promise<void> => {
    const { render, versions, refreshCount, navigationCount } = Object.assign(shown, news);
    tab.commit({ shown: [render, versions], refreshCount, navigationCount });
    await settle();
  };
  const unmount = tab.mount({ src: "/api/reactive", way, refresh });
  if (page !== undefined) tab.markPage([page, at(0)]);
  await commit();
  await vi.dynamicImportSettled();
  await settle();
  await streams.last.send("hello", { versions: at(0) });
  const announce = async (seq: number, what: "page" | "route" = "route"): Promise<void> => {
    const [name] = Object.keys(streams.last.request.tabs) as [string];
    await streams.last.send("change", { tabs: { [name]: [what, at(seq)] }, spreadMs: 0 });
  };
  const steps = (): readonly RefreshStep[] => refresh.mock.calls.map(([step]) => step);
  return { tab, refresh, commit, announce, steps, unmount };
}

/** What the newest stream was asked for. */
async function asked(): Promise<Subscription> {
  await vi.advanceTimersByTimeAsync(50);
  return Object.values(streams.last.request.tabs)[0]!;
}

describe("a tab", () => {
  it("asks for changes of the render that it shows, and is live", async () => {
    const { tab } = await openTab({ page: "r0" });
    expect(await asked()).toEqual({ route: [["r0", at(0)]], page: ["r0", at(0)] });
    expect(tab.status.get().state).toBe("live");
  });

  it("refreshes at a change, and then asks for the new render", async () => {
    const { announce, commit, steps } = await openTab();
    await announce(1);
    expect(steps()).toEqual(["route"]);
    browser.receive("/a?_rsc=1", "r1", 10);
    await commit({ render: "r1", versions: at(1), refreshCount: 1 });
    expect((await asked()).route).toEqual([["r1", at(1)]]);
    expect(steps()).toEqual(["route"]);
  });

  it("names the page's own render after a refresh of the page, and no other", async () => {
    const { tab, announce, commit, steps } = await openTab({ page: "r0" });
    await announce(1, "page");
    expect(steps()).toEqual(["page"]);
    browser.receive("/a?_rsc=1", "p1", 10);
    tab.markPage(["p1", at(1)]);
    await commit({ refreshCount: 1 });
    expect(await asked()).toEqual({ route: [["r0", at(0)]], page: ["p1", at(1)] });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(steps()).toEqual(["page"]);
  });

  it.each([
    ["page", "route"],
    ["route", "page"],
  ] as const)("is rendered by way of the %s where the app forces it", async (way, announced) => {
    const { announce, steps } = await openTab({ way, page: "r0" });
    await announce(1, announced);
    expect(steps()).toEqual([way]);
  });

  it("names the render of a navigation that the browser has listed", async () => {
    const { commit } = await openTab();
    browser.receive("/other?_rsc=1", "rx", 5);
    browser.receive("https://elsewhere.test/b?_rsc=1", "ry", 6);
    browser.receive("/b?x=1", "rz", 7);
    browser.go("/b?x=1");
    browser.receive("/b?x=1&_rsc=abc", "rb", 10);
    await commit();
    expect((await asked()).route.map(([id]) => id)).toEqual(["r0", "rx", "rb"]);
  });

  it("names an unknown render after a navigation that nobody has listed", async () => {
    const { commit } = await openTab();
    browser.receive("/b?_rsc=1", undefined, 10);
    browser.go("/b");
    await commit();
    expect((await asked()).route).toEqual([
      ["r0", at(0)],
      ["", ""],
    ]);
  });

  it("tells a navigation from a new address for what is shown, where Next reports navigations", async () => {
    next.isNavigationReported = true;
    const { tab, commit } = await openTab();
    browser.go("/a?tab=2");
    await commit();
    expect((await asked()).route).toEqual([["r0", at(0)]]);
    const navigationCount = tab.noteNavigation();
    browser.go("/b");
    await commit({ navigationCount });
    expect((await asked()).route).toEqual([
      ["r0", at(0)],
      ["", ""],
    ]);
  });

  it("does not refresh while it navigates, and then only if the new place needs it", async () => {
    const { tab, announce, commit, steps } = await openTab({ page: "r0" });
    const navigationCount = tab.noteNavigation();
    await announce(1, "page");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(steps()).toEqual([]);
    browser.go("/b");
    tab.markPage(["rb", at(0)]);
    await commit({ navigationCount });
    expect(steps()).toEqual([]);
    await announce(2, "page");
    expect(steps()).toEqual(["page"]);
  });

  it("does nothing while it is hidden, and catches up once", async () => {
    const { tab, announce, steps } = await openTab();
    browser.setVisible(false);
    for (let seq = 1; seq <= 3; seq += 1) await announce(seq);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([steps(), tab.status.get().state]).toEqual([[], "live"]);
    browser.setVisible(true);
    await settle();
    expect(steps()).toEqual(["route"]);
  });

  it("refreshes once when who opened the stream is no longer signed in", async () => {
    const { commit, steps } = await openTab();
    await streams.last.send("bye", { reason: "expired", withinMs: 0 });
    await commit({ render: "r1", refreshCount: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(steps()).toEqual(["route"]);
  });

  it("reports renders that go on showing less than was announced", async () => {
    const { tab, announce, commit } = await openTab();
    const onStale = vi.fn<(event: Event) => void>();
    browser.addEventListener("kawa:stale", onStale);
    await announce(1);
    for (let refreshCount = 1; refreshCount <= 4; refreshCount += 1) {
      await commit({ refreshCount });
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(onStale).toHaveBeenCalledTimes(1);
    expect((onStale.mock.calls[0]![0] as CustomEvent).detail).toEqual({ announced: at(1), route: [["r0", at(0)]], page: undefined });
    expect(console.warn).toHaveBeenCalledTimes(1);
    expect(tab.status.get()).toMatchObject({ state: "stale", staleCount: 1 });
  });

  it("is stale while it is shown and knows better for 3 s", async () => {
    const { tab, announce, commit } = await openTab();
    await announce(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(tab.status.get().state).toBe("stale");
    await commit({ versions: at(1), refreshCount: 1 });
    expect(tab.status.get().state).toBe("live");
  });

  it("closes its stream when it goes, and opens one when the browser shows it again", async () => {
    await openTab();
    browser.dispatchEvent(new Event("pagehide"));
    expect(streams.open).toEqual([]);
    browser.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await vi.dynamicImportSettled();
    await settle();
    expect(streams.open).toHaveLength(1);
    expect(await asked()).toEqual({ route: [["r0", at(0)]] });
  });

  it("ends with its last user", async () => {
    const { unmount } = await openTab();
    unmount();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.open).toEqual([]);
  });
});

describe("a page that has failed", () => {
  it("keeps the stream when its layout has gone too, and is tried again with the next change", async () => {
    const { tab, announce, unmount } = await openTab();
    const retry = vi.fn<() => void>();
    unmount();
    const stop = tab.onRetry(retry);
    await settle();
    expect(streams.open).toHaveLength(1);
    await announce(1);
    expect(retry).toHaveBeenCalled();
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.open).toEqual([]);
  });

  it("is rendered again when the connection is back", async () => {
    const { tab, steps } = await openTab();
    tab.onRetry(() => {});
    await streams.last.fail();
    expect(steps()).toEqual([]);
    await vi.advanceTimersByTimeAsync(150);
    await streams.last.send("hello", {});
    expect(steps()).toEqual(["route"]);
  });
});

describe("ephemeral keys that the page keeps", () => {
  afterEach(() => delete valuePort().kept);

  it("are named to the stream when they change", async () => {
    await openTab();
    expect(await asked()).not.toHaveProperty("kept");
    valuePort().kept = ["app:a"];
    valuePort().onWatch();
    await settle();
    expect(await asked()).toMatchObject({ kept: ["app:a"] });
  });
});
