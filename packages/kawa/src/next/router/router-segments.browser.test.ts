import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listSegments, restoreAddresses } from "./router-segments.browser.ts";

type Entry = { readonly name: string; readonly fetchStrategy: number; readonly isPartial: boolean; version: number };

// The browser tests are with Next's own.
const next = vi.hoisted(() => ({ state: null as unknown, kept: [] as Entry[] }));
vi.mock("next/dist/client/components/app-router-instance.js", () => ({ getCurrentAppRouterState: () => next.state }));
vi.mock("next/dist/client/components/segment-cache/cache.js", () => ({
  segmentCacheMap: {},
  readSegmentCacheEntryForNavigation: (_now: number, _map: unknown, varyPath: string) =>
    next.kept.find(({ name, version }) => name === varyPath && version >= 0) ?? null,
}));

/** As Next numbers its ways of prefetching. */
const ways = { firstFallback: 0, statically: 3, whole: 5 };

beforeEach(() => {
  next.state = null;
  next.kept = [];
});

afterEach(() => void vi.unstubAllGlobals());

const segment = (name: string, slots?: Record<string, unknown>) => ({
  data: { rsc: name },
  varyPath: name,
  slots: slots ? new Map(Object.entries(slots)) : null,
});

function keep(name: string, fetchStrategy: number, isPartial = false): void {
  next.kept.push({ name, fetchStrategy, isPartial, version: 0 });
}

const keptOnes = (): unknown[] => [...listSegments()].filter(([, drop]) => drop).map(([content]) => content);

describe("the segments that Next shows", () => {
  it("are layouts, pages, slots and the head", () => {
    const tree = segment("layout", {
      children: segment("page"),
      side: segment("slot", { children: segment("below") }),
    });
    next.state = { root: { tree, head: segment("head") } };
    expect([...listSegments().keys()]).toEqual(["layout", "page", "slot", "below", "head"]);
    expect(keptOnes()).toEqual([]);
  });

  it("are followed by one that is always kept where the state of Next is another", () => {
    next.state = { root: { tree: segment("layout", { children: null }), head: segment("head") } };
    for (let n = 0; n < 2; n += 1) {
      expect(keptOnes()).toEqual([{}]);
      for (const drop of listSegments().values()) if (drop) drop();
    }
  });

  it("are kept where they were rendered for this visitor and are whole, until they are thrown away", () => {
    const tree = segment("layout", {
      children: segment("page"),
      static: segment("static"),
      partial: segment("partial"),
    });
    next.state = { root: { tree, head: segment("head") } };
    keep("layout", ways.firstFallback);
    keep("page", ways.whole);
    keep("head", ways.whole);
    keep("static", ways.statically);
    keep("partial", ways.whole, true);
    keep("elsewhere", ways.whole);
    expect(keptOnes()).toEqual(["layout", "page", "head"]);
    for (const drop of listSegments().values()) if (drop) drop();
    expect(keptOnes()).toEqual([]);
    expect(next.kept.filter(({ version }) => version >= 0).map(({ name }) => name)).toEqual([
      "static",
      "partial",
      "elsewhere",
    ]);
  });
});

describe("the entry of the history that a visitor goes back to", () => {
  type Slots = Record<string, unknown>;
  const behind = ["/feed?of=1", "?of=1"];
  /** As Next keeps it in the history. */
  const kept = (name: string, slots: Slots, address: unknown = null): unknown[] => [name, slots, address, null, 0];
  /** As Next restores it: without addresses. */
  const shown = (name: string, slots: Slots, status = "fulfilled") => ({
    ...segment(name, slots),
    data: { rsc: { status } },
    refreshState: null,
  });
  const goBackTo = (tree: unknown): void =>
    void vi.stubGlobal("history", { state: { __PRIVATE_NEXTJS_INTERNALS_TREE: { tree, renderedSearch: "" } } });

  const modal = kept("modal", { children: kept("photo", {}) });
  const photo = () => shown("modal", { children: shown("photo", {}) });
  const tree = kept("", { children: kept("feed", { children: kept("page", {}, behind) }, behind), modal });

  it("gives the page behind a modal its own address", () => {
    goBackTo(tree);
    const feed = shown("feed", { children: shown("page", {}) });
    const root = shown("", { children: feed, modal: photo() });
    next.state = { tree: [], root: { tree: root } };
    restoreAddresses();
    const address = { canonicalUrl: "/feed?of=1", renderedSearch: "?of=1" };
    expect(feed).toMatchObject({ refreshState: address, slots: new Map([["children", { refreshState: address }]]) });
    expect(root.refreshState).toBeNull();
    expect(root.slots?.get("modal")).toEqual(photo());
    expect(next.state).toHaveProperty("tree", tree);
  });

  it("leaves a page that is missing to the request for all of the tree", () => {
    goBackTo(tree);
    const page = shown("page", {}, "pending");
    const feed = shown("feed", { children: page });
    next.state = { tree: [], root: { tree: shown("", { children: feed, modal: photo() }) } };
    restoreAddresses();
    expect(page.refreshState).toBeNull();
    expect(next.state).toHaveProperty("tree", tree);
  });

  it("stays as it is where all is of one address, or the state of Next is another", () => {
    const own = kept("", { children: kept("page", {}) });
    goBackTo(own);
    const restored: unknown[] = [];
    next.state = { tree: restored, root: { tree: shown("", { children: shown("page", {}) }) } };
    restoreAddresses();
    expect((next.state as { tree: unknown }).tree).toBe(restored);
    vi.stubGlobal("history", { state: null });
    restoreAddresses();
    expect((next.state as { tree: unknown }).tree).toBe(restored);
    next.state = null;
    restoreAddresses();
  });
});
