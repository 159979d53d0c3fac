import { setNavigationBuildId } from "next/dist/client/navigation-build-id.js";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { enterTab, FakeWindow } from "../../../test/support/fake-browser.ts";
import { FakeStreams, settle } from "../../../test/support/fake-streams.ts";
import { at, openTab } from "../../../test/support/live-tab.ts";
import { valuePort } from "../../browser/value-port.ts";
import type { KnownValue } from "../../browser/value-protocol.ts";
import type { Subscription } from "../protocol/stream-protocol.ts";
import { LiveTab } from "./live-tab.ts";
import { askOwnBuild } from "../router/own-build.ts";
import { installRouterRequests } from "../router/router-requests.ts";

const next = vi.hoisted(() => ({ isNavigationReported: false }));
const router = vi.hoisted(() => ({ segments: new Map<unknown, () => void>() }));
vi.mock("#router-segments", () => ({ listSegments: () => new Map(router.segments) }));
vi.mock("../router/navigation-start.ts", () => ({ isNavigationReported: () => next.isNavigationReported }));
vi.mock("../router/next-task.ts", () => ({ nextTask: queueMicrotask }));

let streams: FakeStreams;
let browser: FakeWindow;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.spyOn(console, "warn").mockReturnValue();
  streams = new FakeStreams();
  enterTab({});
  browser = new FakeWindow();
  installRouterRequests();
  router.segments.clear();
  next.isNavigationReported = true;
});

afterEach(() => {
  streams.restore();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Time passes, and the server says now and then that it is there. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    await vi.advanceTimersByTimeAsync(Math.min(left, 10_000));
    await streams.last.send("ping", { withinMs: 15_000 });
  }
}

/** What the newest stream was asked for. */
async function asked(): Promise<Subscription> {
  await vi.advanceTimersByTimeAsync(50);
  const { request } = streams.last;
  await streams.last.send("hello", {});
  return Object.values(request.tabs)[0]!;
}

describe("a tab", () => {
  it("asks for changes of the render that it shows, and is live", async () => {
    const { tab } = await openTab(streams, { page: "r0" });
    expect(await asked()).toEqual({ route: [["r0", at(0)]], page: ["r0", at(0)] });
    expect(tab.status.get().state).toBe("live");
  });

  it("names as many values as a tab may follow, and says once that the others are not updated", async () => {
    const report = vi.spyOn(console, "error").mockReturnValue();
    const watched: KnownValue[] = Array.from({ length: 500 }, (_, n) => [`k${n}`, 1, "e"]);
    valuePort().values = { watched, receive() {}, forget() {} };
    await openTab(streams);
    expect((await asked()).values).toEqual(watched);
    expect(report).not.toHaveBeenCalled();
    for (const key of ["k500", "k501"]) {
      watched.push([key, 1, "e"]);
      valuePort().onWatch();
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.waitUntil(() => report.mock.calls.length > 0);
    expect((await asked()).values).toEqual(watched.slice(0, 500));
    expect(report).toHaveBeenCalledTimes(1);
    expect(report.mock.calls[0]![0]).toMatchObject({
      code: "STREAMS_EXHAUSTED",
      message: expect.stringContaining("A tab follows 500: the others are not updated."),
    });
    valuePort().values = undefined;
  });

  it("refreshes at a change, and then asks for the new render", async () => {
    const { announce, commit, steps } = await openTab(streams);
    await announce(1);
    expect(steps()).toEqual(["route"]);
    await commit({ render: "r1", versions: at(1), refreshCount: 1 });
    expect((await asked()).route).toEqual([["r1", at(1)]]);
    expect(steps()).toEqual(["route"]);
  });

  it.each(["a refresh", "a navigation", "nothing"])(
    "asks for another render where one breaks off during %s",
    async (what) => {
      const { tab, announce, steps, commit } = await openTab(streams);
      if (what === "a refresh") await announce(1);
      if (what === "a navigation") tab.noteNavigation();
      const before = steps().length;
      await browser.breakOff("/a?_rsc=1");
      await vi.waitUntil(() => steps().length > before, { timeout: 10_000 });
      expect(steps()).toHaveLength(before + 1);
      await commit({ render: "r1", versions: at(1), refreshCount: before + 1, navigationCount: tab.navigationCount });
      await vi.advanceTimersByTimeAsync(10_000);
      expect(steps()).toHaveLength(before + 1);
      expect(tab.status.get().state).toBe("live");
    },
  );

  it("is stale while a refresh waits for a server of the page's build, and asks again when a stream opens", async () => {
    setNavigationBuildId("own");
    onTestFinished(() => setNavigationBuildId(""));
    // Its own: the one of the module is what the router asks.
    const { tab, announce, steps } = await openTab(streams, { page: "p0" });
    const given: string[] = [];
    const answers = ["other", "own"];
    const waiting = askOwnBuild(async () => {
      const build = answers[given.length >= 60 ? 1 : 0]!;
      given.push(build);
      return { response: new Response(build), isForeign: build === "other" };
    }, "refresh");
    await announce(1, "page");
    await settle();
    expect(steps()).toEqual(["page"]);
    await pass(1_200_000);
    expect(tab.status.get().state).toBe("stale");
    const { length } = given;
    expect(length).toBeLessThan(60);
    await streams.last.send("hello", { build: "own" });
    await pass(20_000);
    await streams.last.send("hello", { build: "own" });
    await pass(20_000);
    expect(await (await waiting).text()).toBe("own");
  });

  it("is refreshed by actions alone while its stream is that of a server of another build", async () => {
    setNavigationBuildId("own");
    onTestFinished(() => setNavigationBuildId(""));
    next.isNavigationReported = true;
    const { tab, announce, steps } = await openTab(streams, { page: "p0" });
    await streams.last.send("hello", { build: "other" });
    expect(tab.status.get().isOutdated).toBe(true);
    await announce(1, "page");
    await settle();
    expect(steps()).toEqual(["route"]);
    await streams.last.send("hello", { build: "own" });
    expect(tab.status.get().isOutdated).toBe(false);
  });

  it("opens no stream before anything tells its address, as where an error boundary comes first", async () => {
    const tab = new LiveTab();
    const count = streams.all.length;
    const release = tab.onRetry(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(count);
    const unmount = tab.mount({ src: "/api/reactive", way: "auto", refresh() {} });
    tab.commit({ shown: ["r0", at(0)], refreshCount: 0, navigationCount: 0 });
    await vi.dynamicImportSettled();
    await settle();
    await vi.advanceTimersByTimeAsync(100);
    expect(streams.last.url).toContain("/api/reactive");
    release();
    unmount();
  });

  it("names the page's own render after a refresh of the page, and no other", async () => {
    const { tab, announce, commit, steps } = await openTab(streams, { page: "r0" });
    await announce(1, "page");
    expect(steps()).toEqual(["page"]);
    await browser.fetchRender("/a?_rsc=1", "p1");
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
    const { announce, steps } = await openTab(streams, { way, page: "r0" });
    await announce(1, announced);
    expect(steps()).toEqual([way]);
  });

  it("names the render of a navigation that the browser has listed, where nobody sees what the router asks for", async () => {
    const { commit } = await openTab(streams);
    browser.fetch = async () => ({});
    browser.receive("/other?_rsc=1", "rx", 5);
    browser.receive("https://elsewhere.test/b?_rsc=1", "ry", 6);
    browser.receive("/b?x=1", "rz", 7);
    browser.go("/b?x=1");
    browser.receive("/b?x=1&_rsc=abc", "rb", 10);
    await commit();
    expect((await asked()).route.map(([id]) => id)).toEqual(["r0", "rx", "rb"]);
  });

  it("names a render of a navigation as soon as its answer begins, and a prefetched one when the tab goes there", async () => {
    const { commit } = await openTab(streams);
    await browser.fetchRender("/b?_rsc=1", "rb");
    await browser.fetchRender("/c?_rsc=1", "rc", { rsc: "1", "next-router-prefetch": "1" });
    await commit();
    expect((await asked()).route.map(([id]) => id)).toEqual(["r0", "rb"]);
    browser.go("/c");
    await commit();
    expect((await asked()).route.map(([id]) => id)).toEqual(["r0", "rb", "rc"]);
  });

  it("is rendered again where Next shows what it has kept over the last refresh, and then so that nothing is kept", async () => {
    const drop = vi.fn<() => void>();
    const { announce, commit, steps } = await openTab(streams);
    await announce(1);
    expect(steps()).toEqual(["route"]);
    await commit({ render: "r1", versions: at(1), refreshCount: 1 });
    expect(steps()).toHaveLength(1);
    router.segments.set("prefetched", drop);
    browser.go("/c");
    await commit();
    expect([steps(), drop.mock.calls.length]).toEqual([["route", "route"], 1]);
    // It was copied again meanwhile.
    await commit({ render: "r2", versions: at(1), refreshCount: 2 });
    expect(steps()).toEqual(["route", "route", "anew"]);
    await commit({ render: "r3", versions: at(1), refreshCount: 3 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(steps()).toHaveLength(3);
  });

  it("names the render that was asked for where Next keeps a static layout over a refresh, for the page below may be live", async () => {
    const { tab, refresh, commit, announce, steps } = await openTab(streams);
    const next = (): unknown => (refresh.mock.lastCall as unknown[])[2];
    browser.go("/live");
    await browser.fetchRender("/live?_rsc=1", "rl");
    await commit();
    await vi.advanceTimersByTimeAsync(10);
    for (const count of [1, 2]) {
      await announce(count);
      await commit({ render: ".static", versions: "", refreshCount: count });
      expect((await asked()).route).toEqual([[next(), ""]]);
    }
    browser.go("/c");
    await browser.fetchRender("/c?_rsc=1", "rc");
    await commit();
    expect((await asked()).route).toEqual([
      [next(), ""],
      ["rc", ""],
    ]);
    // As by an action of the app.
    await commit({ render: "r3", versions: at(3) });
    await commit({ render: ".static", versions: "" });
    expect((await asked()).route).toEqual([["", ""]]);
    expect([steps(), tab.status.get().state]).toEqual([["route", "route"], "live"]);
  });

  it.each([
    ["once", 1],
    ["twice, for then it may be a layout of the second answer around a page of the first", 2],
  ])("shows what a navigation has brought that Next has asked for %s", async (_, count) => {
    const { commit, steps } = await openTab(streams);
    for (let n = 1; n <= count; n += 1) await browser.fetchRender(`/b?_rsc=${n}`, `rb${n}`);
    browser.go("/b");
    await commit({ render: `rb${count}`, versions: at(6) });
    expect(steps()).toHaveLength(count - 1);
    await commit({ render: "r1", versions: at(6), refreshCount: count - 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(steps()).toHaveLength(count - 1);
  });

  it("names an unknown render after a navigation that nobody has listed", async () => {
    const { commit } = await openTab(streams);
    browser.go("/b");
    await commit();
    expect((await asked()).route).toEqual([
      ["r0", at(0)],
      ["", ""],
    ]);
  });

  it("tells a navigation from a new address for what is shown, whether Next has reported it or not", async () => {
    const { commit } = await openTab(streams);
    browser.rename("/a?tab=2");
    await commit();
    expect((await asked()).route).toEqual([["r0", at(0)]]);
    browser.go("/b");
    await commit();
    expect((await asked()).route).toEqual([
      ["r0", at(0)],
      ["", ""],
    ]);
  });

  it("renders the route, not the page alone, while an action is on its way and until what it brings is shown", async () => {
    const { announce, commit, steps } = await openTab(streams, { page: "r0" });
    const end = browser.sendAction();
    await announce(1, "page");
    expect(steps()).toEqual(["route"]);
    await commit({ render: "r1", versions: at(1), refreshCount: 1 });
    await end({ "x-action-redirect": "/b;push" });
    await announce(2, "page");
    expect(steps()).toEqual(["route", "route"]);
    await commit({ render: "r2", versions: at(2), refreshCount: 2 });
    await announce(3, "page");
    expect(steps()).toEqual(["route", "route", "page"]);
  });

  it("names an unknown render when an action has led somewhere, also to the page itself", async () => {
    const { commit } = await openTab(streams);
    await browser.sendAction()({ "x-action-redirect": "/a;push" });
    expect((await asked()).route).toEqual([
      ["r0", at(0)],
      ["", ""],
    ]);
    await commit({ render: "r1", versions: at(1), refreshCount: 0 });
    await browser.sendAction()({
      "x-action-redirect": "/a;push",
      "server-timing": 'kawa;desc="own", kawa;desc="led-to"',
    });
    expect((await asked()).route.map(([id]) => id)).toEqual(["r1", "", "led-to"]);
  });

  it("names a page behind a modal, and renders the route", async () => {
    const { announce, commit, steps } = await openTab(streams, { page: "r0" });
    browser.go("/a/(.)photo");
    await browser.fetchRender("/a/(.)photo?_rsc=1", "modal");
    await browser.fetchRender("/a?_rsc=1", "behind");
    await commit();
    const { route, page } = await asked();
    expect([route.map(([id]) => id), page]).toEqual([["r0", "modal", "behind"], undefined]);
    await announce(1, "page");
    expect(steps()).toEqual(["route"]);
  });

  it("does not refresh while it navigates, and then only if the new place needs it", async () => {
    const { tab, announce, commit, steps } = await openTab(streams, { page: "r0" });
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
    const { tab, announce, steps } = await openTab(streams);
    browser.setVisible(false);
    for (let seq = 1; seq <= 3; seq += 1) await announce(seq);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([steps(), tab.status.get().state]).toEqual([[], "live"]);
    browser.setVisible(true);
    await settle();
    expect(steps()).toEqual(["route"]);
  });

  it("refreshes once when who opened the stream is no longer signed in", async () => {
    const { commit, steps } = await openTab(streams);
    await streams.last.send("bye", { reason: "expired", withinMs: 0 });
    await commit({ render: "r1", refreshCount: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(steps()).toEqual(["route"]);
  });

  it("reports renders that go on showing less than was announced", async () => {
    const { tab, announce, commit } = await openTab(streams);
    const onStale = vi.fn<(event: Event) => void>();
    browser.addEventListener("kawa:stale", onStale);
    await announce(1);
    for (let refreshCount = 1; refreshCount <= 4; refreshCount += 1) {
      await commit({ refreshCount });
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(onStale).toHaveBeenCalledTimes(1);
    expect((onStale.mock.calls[0]![0] as CustomEvent).detail).toEqual({
      way: "renders",
      path: "/a",
      announced: at(1),
      route: [["r0", at(0)]],
      page: undefined,
    });
    expect(console.warn).toHaveBeenCalledTimes(1);
    expect(tab.status.get()).toMatchObject({ state: "stale", staleCount: 1 });
    await vi.waitUntil(() => streams.reports.length > 0);
    expect(streams.reports).toEqual([{ tabs: {}, stale: { path: "/a", way: "renders" } }]);
    await pass(20_000);
    expect(onStale).toHaveBeenCalledTimes(1);
  });

  it("is stale and reported when the render that was asked for does not end, and live when it does", async () => {
    const { tab, announce, commit } = await openTab(streams);
    const onStale = vi.fn<(event: Event) => void>();
    browser.addEventListener("kawa:stale", onStale);
    await announce(1);
    await vi.advanceTimersByTimeAsync(4_999);
    expect([tab.status.get().state, onStale.mock.calls.length]).toEqual(["stale", 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect((onStale.mock.calls[0]![0] as CustomEvent).detail).toMatchObject({ way: "refresh", announced: at(1) });
    await announce(2);
    await pass(20_000);
    expect(onStale).toHaveBeenCalledTimes(1);
    expect(tab.status.get()).toMatchObject({ state: "stale", staleCount: 1 });
    await commit({ render: "r1", versions: at(2), refreshCount: tab.refreshCount });
    expect(tab.status.get()).toMatchObject({ state: "live", staleCount: 1 });
  });

  it("is stale while a render does not end that was asked for whatever it shows", async () => {
    const { tab, commit } = await openTab(streams);
    const [name] = Object.keys(streams.last.request.tabs) as [string];
    await streams.last.send("change", { tabs: { [name]: ["route", ""] }, spreadMs: 0 });
    await commit();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(tab.status.get().state).toBe("stale");
    await commit({ refreshCount: 1 });
    expect(tab.status.get().state).toBe("live");
  });

  it("is stale while a navigation does not end, and nothing can be rendered", async () => {
    const { tab, announce, commit } = await openTab(streams);
    const onStale = vi.fn<(event: Event) => void>();
    browser.addEventListener("kawa:stale", onStale);
    const navigationCount = tab.noteNavigation();
    await announce(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((onStale.mock.calls[0]![0] as CustomEvent).detail).toMatchObject({ way: "navigation" });
    expect(tab.status.get().state).toBe("stale");
    await commit({ render: "r1", versions: at(1), navigationCount });
    expect(tab.status.get().state).toBe("live");
  });

  it("stays live under a steady stream of changes, while each render shows what was announced before it began", async () => {
    const { tab, announce, commit } = await openTab(streams);
    const states = new Set<string>();
    tab.status.subscribe(() => states.add(tab.status.get().state));
    await announce(1);
    for (let n = 1; n <= 20; n += 1) {
      await vi.advanceTimersByTimeAsync(500);
      await streams.last.send("hello", { withinMs: 15_000 });
      await announce(n + 1);
      await vi.advanceTimersByTimeAsync(500);
      await commit({ render: `r${n}`, versions: at(n), refreshCount: n });
    }
    expect([...states]).toEqual([]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(tab.status.get().state).toBe("stale");
  });

  it("says nothing of what it knew while it was hidden until it had time to catch up", async () => {
    const { tab, announce } = await openTab(streams);
    browser.setVisible(false);
    await announce(1);
    await pass(60_000);
    expect(tab.status.get().state).toBe("live");
    browser.setVisible(true);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(tab.status.get().state).toBe("live");
    await vi.advanceTimersByTimeAsync(1);
    expect(tab.status.get().state).toBe("stale");
  });

  it("is stale while it is shown and knows better for 3 s", async () => {
    const { tab, announce, commit } = await openTab(streams);
    await announce(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(tab.status.get().state).toBe("stale");
    await commit({ versions: at(1), refreshCount: 1 });
    expect(tab.status.get().state).toBe("live");
  });

  it.each([
    ["a link leads to a page of another backend", "/b", "rb", "other@3"],
    ["going back shows a static page", "/b", ".static", ""],
    ["an action brings it from a server whose store was made anew", "/a", "ra", "f@3"],
  ])("is rendered once more and is live where %s, after something was announced that was shown", async (...to) => {
    const [, path, render, versions] = to;
    const { tab, announce, commit, steps } = await openTab(streams);
    const states = new Set<string>();
    tab.status.subscribe(() => states.add(tab.status.get().state));
    await commit({ render: "r1", versions: at(1) });
    await asked();
    await announce(1);
    expect(steps()).toEqual([]);
    browser.go(path);
    await commit({ render, versions });
    await asked();
    await vi.advanceTimersByTimeAsync(250);
    expect(steps()).toEqual(["route"]);
    await commit({ render: render === ".static" ? render : "r2", refreshCount: 1 });
    await asked();
    await pass(20_000);
    expect([steps(), [...states], tab.status.get().state]).toEqual([["route"], [], "live"]);
  });

  it("is rendered again on the page to which the visitor goes from one that was given up, and is live", async () => {
    const { tab, announce, commit, steps } = await openTab(streams);
    await announce(2);
    for (let refreshCount = 1; refreshCount <= 4; refreshCount += 1) {
      await commit({ refreshCount });
      await vi.advanceTimersByTimeAsync(250);
    }
    expect([steps().length, tab.status.get().state]).toEqual([4, "stale"]);
    browser.go("/b");
    await commit({ render: "rb", versions: at(1) });
    await vi.advanceTimersByTimeAsync(250);
    expect(steps()).toHaveLength(5);
    await commit({ render: "r5", versions: at(2), refreshCount: 5 });
    expect(tab.status.get().state).toBe("live");
  });

  it("is live again once it shows what was given up while it was hidden", async () => {
    const { tab, announce, commit, steps } = await openTab(streams);
    await announce(1);
    for (let refreshCount = 1; refreshCount <= 4; refreshCount += 1) {
      if (refreshCount === 4) browser.setVisible(false);
      await commit({ refreshCount });
      await vi.advanceTimersByTimeAsync(250);
    }
    await commit({ render: "r1", versions: at(1) });
    browser.setVisible(true);
    await asked();
    await pass(20_000);
    expect([steps().length, tab.status.get().state]).toEqual([4, "live"]);
  });

  it("is live where it is there again after it was stale when its last user went", async () => {
    const { tab, announce, commit, unmount } = await openTab(streams);
    await announce(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(tab.status.get().state).toBe("stale");
    unmount();
    await vi.advanceTimersByTimeAsync(100);
    tab.mount({ src: "/api/reactive", way: "auto", refresh() {} });
    await commit({ render: "r1", versions: at(1), refreshCount: tab.refreshCount });
    await vi.dynamicImportSettled();
    await streams.last.send("hello", {});
    expect(tab.status.get().state).toBe("live");
  });

  it("closes its stream when it goes, and opens one when the browser shows it again", async () => {
    await openTab(streams);
    browser.dispatchEvent(new Event("pagehide"));
    expect(streams.open).toEqual([]);
    browser.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await vi.dynamicImportSettled();
    await settle();
    expect(streams.open).toHaveLength(1);
    expect(await asked()).toEqual({ route: [["r0", at(0)]] });
  });

  it("ends with its last user", async () => {
    const { unmount } = await openTab(streams);
    unmount();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.open).toEqual([]);
  });
});

describe("a page that has failed", () => {
  it("keeps the stream when its layout has gone too, and is tried again with the next change", async () => {
    const { tab, announce, unmount } = await openTab(streams);
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
    const { tab, steps } = await openTab(streams);
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
    await openTab(streams);
    expect(await asked()).not.toHaveProperty("kept");
    valuePort().kept = ["app:a"];
    valuePort().onWatch();
    await settle();
    expect(await asked()).toMatchObject({ kept: ["app:a"] });
  });
});
