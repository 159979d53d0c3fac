import { setNavigationBuildId } from "next/dist/client/navigation-build-id.js";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { LiveStatusStore } from "./live-status.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => void vi.useRealTimers());

describe("the status", () => {
  it("is connecting, then live with its time", () => {
    const store = new LiveStatusStore();
    expect(store.get()).toEqual({ state: "connecting", since: 0, staleCount: 0, isOutdated: false });
    store.setUp(true);
    expect(store.get()).toEqual({ state: "live", since: 1_000, staleCount: 0, isOutdated: false });
  });

  it("says that the server has another build, until a server has the same", () => {
    const store = new LiveStatusStore();
    setNavigationBuildId("own");
    onTestFinished(() => setNavigationBuildId(""));
    store.setUp(true, "live", "other");
    store.setUp(false);
    expect(store.get()).toMatchObject({ state: "live", isOutdated: true });
    store.setUp(true, "live", "own");
    expect(store.get().isOutdated).toBe(false);
    store.setUp(true);
    expect(store.get().isOutdated).toBe(false);
  });

  it("does not flash when the stream is away for less than 2 s", () => {
    const store = new LiveStatusStore();
    store.setUp(true);
    const listener = vi.fn<() => void>();
    store.subscribe(listener);
    store.setUp(false);
    vi.advanceTimersByTime(1_999);
    store.setUp(true);
    vi.advanceTimersByTime(60_000);
    expect(listener).not.toHaveBeenCalled();
  });

  it("is offline from 2 s without a stream, however many tries fail, until there is one", () => {
    const store = new LiveStatusStore();
    store.setUp(true);
    store.setUp(false);
    vi.advanceTimersByTime(1_500);
    store.setUp(false);
    vi.advanceTimersByTime(500);
    expect(store.get()).toEqual({ state: "offline", since: 3_000, staleCount: 0, isOutdated: false });
    store.setUp(true);
    vi.advanceTimersByTime(250);
    expect(store.get().state).toBe("live");
  });

  it("is not live after it was offline before what it has missed is shown", () => {
    const store = new LiveStatusStore();
    const seen: string[] = [];
    store.subscribe(() => seen.push(store.get().state));
    store.setUp(true);
    store.setUp(false);
    vi.advanceTimersByTime(3_000);
    store.setUp(true);
    vi.advanceTimersByTime(100);
    // It was down again before the verdict.
    store.setUp(false);
    vi.advanceTimersByTime(500);
    store.setUp(true);
    vi.advanceTimersByTime(200);
    store.setBehind(performance.now());
    vi.advanceTimersByTime(1_000);
    store.setBehind(undefined);
    expect(seen).toEqual(["live", "offline", "stale", "live"]);
    // Later it has its three seconds again.
    vi.advanceTimersByTime(10_000);
    store.setBehind(performance.now());
    vi.advanceTimersByTime(2_000);
    expect(store.get().state).toBe("live");
  });

  it("is stale from 3 s of knowing better until it is shown", () => {
    const store = new LiveStatusStore();
    store.setUp(true);
    store.setBehind(performance.now());
    vi.advanceTimersByTime(2_999);
    expect(store.get().state).toBe("live");
    vi.advanceTimersByTime(1);
    expect(store.get().state).toBe("stale");
    store.setBehind(undefined);
    expect(store.get().state).toBe("live");
  });

  it("is stale for as long as the stream does not tell the tab everything", () => {
    const store = new LiveStatusStore();
    store.setUp(true);
    store.setUp(true, "stale");
    expect(store.get().state).toBe("stale");
    store.setBehind(undefined);
    expect(store.get().state).toBe("stale");
    store.setUp(true);
    expect(store.get().state).toBe("live");
  });

  it("counts renders that went wrong, each with one call of the listeners, and no more after unsubscribing", () => {
    const store = new LiveStatusStore();
    store.setUp(true);
    const listener = vi.fn<() => void>();
    const unsubscribe = store.subscribe(listener);
    store.countStale();
    store.countStale();
    expect(store.get()).toMatchObject({ state: "stale", staleCount: 2 });
    expect(listener).toHaveBeenCalledTimes(2);
    unsubscribe();
    store.setBehind(undefined);
    expect(listener).toHaveBeenCalledTimes(2);
  });
});
