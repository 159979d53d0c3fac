import { getCurrentAppRouterState } from "next/dist/client/components/app-router-instance.js";
import {
  readSegmentCacheEntryForNavigation,
  segmentCacheMap,
} from "next/dist/client/components/segment-cache/cache.js";
import * as nextTypes from "next/dist/client/components/segment-cache/types.js";
import { treeOf } from "./router-tree.ts";

type State = NonNullable<ReturnType<typeof getCurrentAppRouterState>>;
type Segment = State["root"]["tree"];
type RefreshState = NonNullable<Segment["refreshState"]>;

const { FetchStrategy } = nextTypes as unknown as {
  FetchStrategy: { readonly Full: number; readonly LoadingBoundary: number };
};

/**
 * What Next's router shows, by segment: layouts, pages, slots and the head. A segment that Next keeps whole, and has not prefetched as
 * static, has a function that expires it: without that, a refresh by an action leaves it as it is, and a navigation shows it without a
 * request.
 */
export function listSegments(): ReadonlyMap<unknown, (() => void) | false | undefined> {
  const segments = new Map<unknown, (() => void) | false | undefined>();
  const add = ({ data, varyPath, slots }: Segment): void => {
    const entry = readSegmentCacheEntryForNavigation(Date.now(), segmentCacheMap, varyPath);
    const isKept =
      entry?.isPartial === false && [FetchStrategy.Full, FetchStrategy.LoadingBoundary].includes(entry.fetchStrategy);
    segments.set(data.rsc, isKept && (() => void (entry.version = -1)));
    slots?.forEach(add);
  };
  try {
    const { tree, head } = getCurrentAppRouterState()!.root;
    add(tree);
    add(head);
  } catch {
    // A version of Next with another state may keep anything: each refresh is followed by one that keeps nothing.
    segments.set({}, () => {});
  }
  return segments;
}

/**
 * The visitor goes back or forward to an entry of the history. Next has begun to show what was there, and forgets of which address the slots are
 * that show another one than the page, such as the page behind a modal. It would ask for them at the address of the modal, find nothing that fits,
 * and load the document anew. So they are given the addresses that the entry has, before Next overwrites it.
 */
export function restoreAddresses(): void {
  try {
    const state = getCurrentAppRouterState()!;
    const tree = treeOf(history.state)! as unknown as State["tree"];
    const give = (segment: Segment, [, slots, address]: State["tree"]): void => {
      if (address) {
        // Another tree has Next ask for what it misses by this tree, not by that of an answer that has only the modal.
        state.tree = tree;
        // While its content is missing, Next takes an address for a reason to load the document anew.
        if ((segment.data.rsc as { status?: unknown } | null)?.status !== "pending")
          segment.refreshState ??= {
            canonicalUrl: address[0],
            renderedSearch: address[1] as RefreshState["renderedSearch"],
          };
      }
      segment.slots?.forEach((below, name) => give(below, slots[name]!));
    };
    give(state.root.tree, tree);
  } catch {
    // Another version of Next may have another state.
  }
}
