import { getCurrentAppRouterState } from "next/dist/client/components/app-router-instance.js";
import { readFromBFCache, writeToBFCache } from "next/dist/client/components/segment-cache/bfcache.js";
import { cloneVaryPathWithNewSearchParams } from "next/dist/client/components/segment-cache/vary-path.js";
import { normalizeRenderedSearch } from "next/dist/client/route-params.js";
import { routeAddress } from "../protocol/route-address.ts";
import { pathBelow, pathsOf, type Tree } from "./router-tree.ts";
import { onPush } from "./watch-pushes.ts";

type State = NonNullable<ReturnType<typeof getCurrentAppRouterState>>;
type Segment = State["root"]["tree"];

type Origin = NonNullable<Segment["refreshState"]>;

type Entry = Pick<State, "tree" | "renderedSearch">;

/** By what a page shows: the address that it was rendered for, where another path was pushed. */
const origins = new WeakMap<object, Origin>();

/** The last address that was adopted with its search, and the search that the router had before. */
let adopted: { readonly href: string; readonly from: string } | undefined;

/** Gives what is shown the addresses that the app pushes from now on. */
export function adoptAddresses(): void {
  onPush(adoptAddress, keepAddress);
}

/**
 * The app gives what is shown another address, by `history.pushState` or `replaceState`: Next's router has taken `url`, and `data` is about to be
 * written. Next goes on to tell pages by the search that they were rendered for. It would ask for the new address, where no page fits, and load
 * the document anew where that happens twice, or in a slot.
 *
 * - Another search: what is shown counts as rendered for it, also in the entry of the history. That costs no request. A refresh renders the page
 *   for the new search, as it does without Kawa.
 * - Another path, or one that is rewritten: where a modal leaves the page as it is, the page is asked for at the address that it was rendered for.
 */
function adoptAddress(data: object, url: URL): void {
  try {
    const state = getCurrentAppRouterState()!;
    const { pathname, search } = location;
    if (new URL(state.canonicalUrl, url).href !== url.href) return;
    if (url.pathname === pathname && url.search === search) return;
    const shown = [...segmentsOfAddress(state.root.tree)];
    const pages = shown.filter(({ slots }) => !slots);
    const origin = pages.map((page) => origins.get(page.data)).find(Boolean);
    // A rewrite may have given the page another search than that of its address.
    const isRenderedFor = url.pathname === pathname && state.renderedSearch === normalizeRenderedSearch(search);
    adopted = undefined;
    if (isRenderedFor && !origin) {
      adopted = { href: url.href, from: state.renderedSearch };
      return adoptSearch(state, data, url);
    }
    const { renderedSearch } = state;
    const kept = origin ?? {
      canonicalUrl: pathname + search,
      renderedSearch: renderedSearch as Origin["renderedSearch"],
    };
    for (const segment of shown) segment.refreshState = kept;
    for (const page of pages) origins.set(page.data, kept);
  } catch {
    // Another version of Next may have another state.
  }
}

/**
 * What waited in Next's router goes on from the address that is pushed before it is adopted, and Next shows the state before it after all. Its
 * entry of the history would bring back the search that was rendered before.
 */
function keepAddress(data: object, url: URL): void {
  if (adopted?.href !== url.href) return;
  const { from } = adopted;
  const entry = (data as { __PRIVATE_NEXTJS_INTERNALS_TREE: Entry }).__PRIVATE_NEXTJS_INTERNALS_TREE;
  const state = getCurrentAppRouterState()!;
  if (entry.renderedSearch !== from || new URL(state.canonicalUrl, url).href !== url.href) return;
  adopted = undefined;
  if (state.renderedSearch === from) adoptSearch(state, data, url);
  else writeEntry(data, state);
}

/** What Next takes for shown at the address of the page, without the slots of other addresses. */
function* segmentsOfAddress(segment: Segment): Generator<Segment> {
  if (segment.refreshState) return;
  yield segment;
  for (const below of segment.slots?.values() ?? []) yield* segmentsOfAddress(below);
}

function adoptSearch(state: State, data: object, url: URL): void {
  const { tree, root } = state;
  const search = normalizeRenderedSearch(url.search);
  if (search === state.renderedSearch) return;
  leaveOtherAddress(root.tree, tree, "", url.pathname);
  for (const segment of [...segmentsOfAddress(root.tree), root.head]) {
    const { varyPath } = segment;
    const kept = readFromBFCache(varyPath);
    segment.varyPath = cloneVaryPathWithNewSearchParams(varyPath, search);
    // For going back and forward alone: a navigation to that address shows something else.
    if (kept && segment.varyPath !== varyPath) writeToBFCache(kept.navigatedAt, segment.varyPath, segment.data, 0);
  }
  state.renderedSearch = search;
  writeEntry(data, state);
}

function writeEntry(data: object, { tree, renderedSearch }: Entry): void {
  Object.assign(data, { __PRIVATE_NEXTJS_INTERNALS_TREE: { tree, renderedSearch } satisfies Entry });
}

/**
 * Next goes on to take a slot for one of another address, which a modal has left there, when the slot shows what belongs to the address of the
 * page.
 */
function leaveOtherAddress(segment: Segment, tree: State["tree"], above: string, pathname: string): void {
  const [path] = pathsOf(tree as Tree, above);
  const isOfOther = tree[2] && new URL(tree[2][0], location.href).pathname !== pathname;
  if (isOfOther && path !== undefined && routeAddress(path) === pathname) segment.refreshState = tree[2] = null;
  const below = pathBelow(above, tree[0] as Tree[0]);
  segment.slots?.forEach((slot, name) => leaveOtherAddress(slot, tree[1][name]!, below, pathname));
}
