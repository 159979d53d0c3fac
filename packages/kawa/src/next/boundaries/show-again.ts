import { findCaughtBoundaries } from "./caught-boundaries.ts";

/** After this the code is asked for again, in milliseconds. */
const retryMs = 3_000;

/**
 * Called after a committed render. Next's error boundaries keep their fallback until the path changes, so each is asked to show the content
 * that it was given since.
 */
export function showAgain(hasFailed?: unknown): void {
  const caught = findCaughtBoundaries();
  if (caught.length === 0) return;
  const later = (): unknown => setTimeout(showAgain, retryMs, true);
  import("./try-again.ts").then(
    ({ tryAgain }) => caught.forEach((boundary) => void tryAgain(boundary)),
    // The network is lost; or the server answers, and runs another build, which has other code. Without a server a document cannot be loaded.
    () => (hasFailed ? fetch(location.href, { method: "HEAD" }).then(() => location.reload(), later) : later()),
  );
}
