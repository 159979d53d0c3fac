import { renderTimingName } from "../protocol/stream-protocol.ts";
import { findCaughtBoundaries } from "../boundaries/caught-boundaries.ts";
import { liveTab } from "./live-tab.ts";

let isLive = false;
let release: (() => void) | undefined;

/** Called when `<LiveRefresh>` mounts. Returns what to call when it unmounts: the tab goes on if `global-error` has taken its place. */
export function watchRoot(src: string): () => void {
  isLive = true;
  release?.();
  release = undefined;
  return () => {
    isLive = false;
    if (findCaughtBoundaries().length > 0) followFailedRoot(src);
  };
}

/** Called when the root layout has failed. Unless that was during a refresh, nothing of Kawa was ever mounted. */
export function noteFailure(src: string): void {
  if (!isLive) followFailedRoot(src);
}

function followFailedRoot(src: string): void {
  if (release) return;
  liveTab.fail(src, loadedRender());
  release = liveTab.onRetry(retryRoot);
}

function retryRoot(): void {
  const retries = findCaughtBoundaries().flatMap((boundary) => (boundary.retry ? [boundary.retry] : []));
  // Under `next dev` another boundary stands there.
  if (retries.length === 0) location.reload();
  for (const retry of retries) retry();
}

/** Id of the render that the document was loaded with; empty where the server or the browser does not tell. */
function loadedRender(): string {
  const [loaded] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return loaded?.serverTiming?.find(({ name }) => name === renderTimingName)?.description ?? "";
}
