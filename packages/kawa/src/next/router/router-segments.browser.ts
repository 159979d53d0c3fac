import { getCurrentAppRouterState } from "next/dist/client/components/app-router-instance.js";
import {
  readSegmentCacheEntryForNavigation,
  segmentCacheMap,
} from "next/dist/client/components/segment-cache/cache.js";
import * as nextTypes from "next/dist/client/components/segment-cache/types.js";

type Segment = NonNullable<ReturnType<typeof getCurrentAppRouterState>>["root"]["tree"];

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
