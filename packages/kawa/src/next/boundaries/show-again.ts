import { findCaughtBoundaries } from "./caught-boundaries.ts";

/**
 * Called after a committed render. Next's error boundaries keep their fallback until the path changes, so each is asked to show the content
 * that it was given since.
 */
export function showAgain(): void {
  const caught = findCaughtBoundaries();
  if (caught.length === 0) return;
  import("./try-again.ts").then(
    ({ tryAgain }) => caught.forEach((boundary) => void tryAgain(boundary)),
    // The code cannot be loaded from a server that has just answered: it runs another build.
    () => location.reload(),
  );
}
