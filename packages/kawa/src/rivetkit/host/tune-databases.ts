import { env } from "../settings/env.ts";

/** How the database of an actor keeps pages, for {@link env.tuneDatabases}. RivetKit reads it once, when the first one opens. */
export const databaseTuning = {
  /** RivetKit's own mode fetches up to 256 pages at once, this one 64: some rows among many cost the engine a third less, a scan the same. */
  READ_AHEAD_MODE: "bounded",
  /**
   * RivetKit keeps pages that were read ahead, and beside them pages that were written. One that was written while there was no room for it
   * is read again as it was before, and a write to it takes back what was acknowledged. RivetKit has room for 50,000, and keeps each for
   * 30 s. So there is room for more than can be written in the time that a page is kept.
   */
  VFS_PAGE_CACHE_CAPACITY_PAGES: "500000",
  VFS_STAGING_CACHE_TTL_MS: "5000",
  /**
   * SQLite's own cache, which has no such fault, keeps what those no longer do: at most 128 MiB of each database, instead of 8. Writes all
   * over a database that is larger than its caches fetch each page from the engine, which takes milliseconds.
   */
  PAGER_CACHE_SIZE_KIB: "131072",
} as const;

/** Sets what the user has not. A worker thread with an environment of its own cannot: RivetKit reads that of the process. */
export function tuneDatabases(): void {
  env.tuneDatabases(databaseTuning);
}
