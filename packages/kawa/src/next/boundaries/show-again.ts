import { findCaughtBoundaries } from "./caught-boundaries.ts";

/**
 * A render was committed. Next's boundaries keep what they show until another path is gone to, so each is asked to show what it was
 * given since it caught something.
 */
export function showAgain(): void {
  const caught = findCaughtBoundaries();
  if (caught.length === 0) return;
  import("./try-again.ts").then(
    ({ tryAgain }) => caught.forEach((boundary) => void tryAgain(boundary)),
    // A server that has answered just now is of another build.
    () => location.reload(),
  );
}
