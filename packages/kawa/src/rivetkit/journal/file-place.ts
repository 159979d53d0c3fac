import { fstatSync, readlinkSync, statSync } from "node:fs";

/** How long the place is believed that the system names, in milliseconds: it does not change when a folder above is mounted or linked anew. */
const believedMs = 1_000;

/**
 * Tells whether an open file is still what its path leads to. Linux names the place of an open file. To ask for its state instead makes the
 * next write slower: a file whose times somebody has read gets a new time with the next write (since Linux 6.13).
 *
 * @returns a function for as long as the file is open; false after it was renamed or deleted, or another file has its name
 */
export function watchPlace(fd: number, path: string): () => boolean {
  const { ino } = fstatSync(fd, { bigint: true });
  const place = placeOf(fd);
  let seenAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (place !== undefined && now - seenAt < believedMs && placeOf(fd) === place) return true;
    const isThere = statSync(path, { bigint: true, throwIfNoEntry: false })?.ino === ino;
    seenAt = isThere ? now : Number.NEGATIVE_INFINITY;
    return isThere;
  };
}

/** Undefined on other systems. */
function placeOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
