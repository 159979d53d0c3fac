import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adoptAddresses } from "./pushed-address.ts";
import { installPushes } from "./watch-pushes.ts";

/** Of a layout, or of a page that was rendered for a search. */
type VaryPath = { readonly name: string; readonly search?: string };
type Address = { readonly canonicalUrl: string; readonly renderedSearch: string };
type Segment = { data: object; varyPath: VaryPath; slots: Map<string, Segment> | null; refreshState: Address | null };

const next = vi.hoisted(() => ({ state: null as unknown, kept: new Map<unknown, unknown>() }));
vi.mock("next/dist/client/components/app-router-instance.js", () => ({ getCurrentAppRouterState: () => next.state }));
vi.mock("next/dist/client/components/segment-cache/vary-path.js", () => ({
  cloneVaryPathWithNewSearchParams: (path: VaryPath, search: string) =>
    path.search === undefined ? path : { ...path, search },
}));
vi.mock("next/dist/client/components/segment-cache/bfcache.js", () => ({
  readFromBFCache: (varyPath: unknown) => next.kept.get(JSON.stringify(varyPath)) ?? null,
  writeToBFCache: (navigatedAt: number, varyPath: unknown, data: unknown, staleAt: number) =>
    next.kept.set(JSON.stringify(varyPath), { navigatedAt, data, staleAt }),
}));

/** A layout, or a page of the search that it was rendered for. */
function show(name: string, below: string | Record<string, Segment>, refreshState: Address | null = null): Segment {
  const isPage = typeof below === "string";
  const varyPath: VaryPath = isPage ? { name, search: below } : { name };
  const data = { name };
  next.kept.set(JSON.stringify(varyPath), { navigatedAt: 7, data, staleAt: 9 });
  return { data, varyPath, slots: isPage ? null : new Map(Object.entries(below)), refreshState };
}

const searchOf = ({ varyPath }: Segment): unknown => varyPath.search;

type Tree = [string, Record<string, Tree>, unknown];
type Entry = { tree: Tree; renderedSearch: string };
const page = (address: unknown = null): Tree => ["__PAGE__", {}, address];

/** Next shows `tree`, as its entry of the history has it, at `address`. */
function open(address: string, root: Segment, tree: Tree, renderedSearch: string): { readonly entries: unknown[] } {
  const entries: unknown[] = [];
  vi.stubGlobal("location", new URL(address, "http://app.test"));
  const write = (data: unknown): void => void entries.push(data);
  vi.stubGlobal("history", {
    state: { __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: { tree, renderedSearch } },
    pushState: write,
    replaceState: write,
  });
  next.state = {
    root: { tree: root, head: show("head", renderedSearch) },
    tree,
    renderedSearch,
    canonicalUrl: address,
  };
  installPushes();
  adoptAddresses();
  return { entries };
}

/** As Next's own does for an app: its router has the address first, and the state of the entry before is written with it. */
function push(address: string, way: "pushState" | "replaceState" = "pushState"): void {
  const url = new URL(address, location.href);
  Object.assign(next.state as object, { canonicalUrl: url.pathname + url.search + url.hash });
  history[way]({ ...(history.state as object) }, "", address);
  vi.stubGlobal("location", url);
}

const stateOf = (): { renderedSearch: string; canonicalUrl: string; root: { head: Segment } } => next.state as never;
const entryOf = (entry: unknown): Entry =>
  (entry as { __PRIVATE_NEXTJS_INTERNALS_TREE: Entry }).__PRIVATE_NEXTJS_INTERNALS_TREE;

beforeEach(() => next.kept.clear());
afterEach(() => void vi.unstubAllGlobals());

describe("a search that an app pushes", () => {
  it("counts as that of all that is shown, of the head and of the entry of the history", () => {
    for (const way of ["pushState", "replaceState"] as const) {
      const [shown, beside] = [show("page", "?of=a"), show("beside", "?of=a")];
      const root = show("", { children: shown, side: beside });
      const { entries } = open("/search?of=a", root, ["", { children: page(), side: page() }, null], "?of=a");
      push("/search?of=a&pushed#here", way);
      expect([shown, beside, stateOf().root.head].map(searchOf)).toEqual(Array(3).fill("?of=a&pushed="));
      expect(stateOf().renderedSearch).toBe("?of=a&pushed=");
      expect(entries.map((entry) => entryOf(entry).renderedSearch)).toEqual(["?of=a&pushed="]);
    }
  });

  it("costs nothing when one comes back to it, and a navigation to it shows something else", () => {
    const shown = show("page", "?of=a");
    open("/search?of=a", show("", { children: shown }), ["", { children: page() }, null], "?of=a");
    push("?of=b");
    expect(next.kept.get(JSON.stringify(shown.varyPath))).toEqual({ navigatedAt: 7, data: shown.data, staleAt: 0 });
    expect(next.kept.get(JSON.stringify(show("page", "?of=a").varyPath))).toMatchObject({ staleAt: 9 });
  });

  it("is not that of a slot of another address", () => {
    const behind = show("behind", "", { canonicalUrl: "/feed", renderedSearch: "" });
    const modal = show("modal", "");
    const tree: Tree = [
      "",
      { children: ["feed", { children: page(["/feed", ""]) }, ["/feed", ""]], modal: page() },
      null,
    ];
    open("/photo", show("", { children: behind, modal }), tree, "");
    push("/photo?size=2");
    expect([behind, modal].map(searchOf)).toEqual(["", "?size=2"]);
    expect(behind.refreshState).toEqual({ canonicalUrl: "/feed", renderedSearch: "" });
  });

  it("is that of a slot that Next takes for one of another address, and that shows this one", () => {
    const stale = (): Address => ({ canonicalUrl: "/feed", renderedSearch: "?of=a" });
    const rest = show("rest", "?of=a", stale());
    const slot = show("(__SLOT__)", { children: rest }, stale());
    const inSlot: Tree = ["(__SLOT__)", { children: page(["/feed", "?of=a"]) }, ["/feed", "?of=a"]];
    const tree: Tree = ["", { children: ["search", { children: page(), modal: inSlot }, null] }, null];
    const root = show("", { children: show("search", { children: show("page", "?of=a"), modal: slot }) });
    const { entries } = open("/search?of=a", root, tree, "?of=a");
    push("?of=b");
    expect([slot.refreshState, rest.refreshState, searchOf(rest)]).toEqual([null, null, "?of=b"]);
    expect(JSON.stringify(entryOf(entries[0]).tree)).not.toContain("/feed");
  });

  it("stays when Next shows the state before it after all, also where its router goes on from that one", () => {
    for (const goesOn of [false, true]) {
      const shown = show("page", "");
      const { entries } = open("/search", show("", { children: shown }), ["", { children: page() }, null], "");
      push("?of=a", "replaceState");
      if (goesOn) {
        stateOf().renderedSearch = "";
        shown.varyPath = { ...shown.varyPath, search: "" };
      }
      const own = { __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: { tree: ["before"], renderedSearch: "" } };
      history.replaceState({ ...own }, "", "/search?of=a");
      const { tree } = next.state as Entry;
      expect(entryOf(entries[1])).toEqual({ tree, renderedSearch: "?of=a" });
      expect([stateOf().renderedSearch, searchOf(shown)]).toEqual(["?of=a", "?of=a"]);
      // A server may render the page for another search.
      history.replaceState({ ...own }, "", "/search?of=a");
      expect(entries[2]).toEqual(own);
    }
  });

  it("changes nothing where a rewrite has given the page another one, or only the hash is another", () => {
    for (const [address, rendered] of [
      ["/search?of=a", "?of=a&lang=en"],
      ["/search?of=b", "?of=b"],
    ] as const) {
      const shown = show("page", rendered);
      const { entries } = open(address, show("", { children: shown }), ["", { children: page() }, null], rendered);
      push("/search?of=b#here");
      expect([searchOf(shown), stateOf().renderedSearch]).toEqual([rendered, rendered]);
      expect(entryOf(entries[0]).renderedSearch).toBe(rendered);
    }
  });
});

describe("another path that an app pushes", () => {
  it("leaves a page with the address that it was rendered for, also after several", () => {
    const shown = show("page", "?of=a");
    const root = show("", { children: shown, side: show("side", "", { canonicalUrl: "/feed", renderedSearch: "" }) });
    open("/search?of=a", root, ["", { children: page(), side: page(["/feed", ""]) }, null], "?of=a");
    for (const address of ["/elsewhere", "/elsewhere?of=b", "/farther"]) {
      // Next makes another tree with the same content.
      shown.refreshState = root.refreshState = null;
      push(address);
      expect(shown.refreshState).toEqual({ canonicalUrl: "/search?of=a", renderedSearch: "?of=a" });
    }
    expect(searchOf(shown)).toBe("?of=a");
    expect(root.slots?.get("side")?.refreshState).toEqual({ canonicalUrl: "/feed", renderedSearch: "" });
  });
});

it("what Next writes itself, and what it has not taken, is written as it is", () => {
  const shown = show("page", "?of=a");
  const { entries } = open("/search?of=a", show("", { children: shown }), ["", { children: page() }, null], "?of=a");
  const own = { __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: { tree: [], renderedSearch: "?of=a" } };
  Object.assign(stateOf(), { canonicalUrl: "/search?of=b" });
  history.pushState(own, "", "/search?of=b");
  history.pushState({ mine: true }, "", "/search?of=b");
  history.pushState(history.state, "", "/search?of=c");
  history.pushState(history.state, "");
  expect(entries).toEqual([own, { mine: true }, history.state, history.state]);
  // Another version of Next.
  next.state = { root: {} };
  push("/search?of=d");
  expect(entries).toHaveLength(5);
  expect(searchOf(shown)).toBe("?of=a");
});
