import type { Entry, Reader, Snapshot } from "./backend.ts";
import { sizeOfEntry } from "./entry.ts";
import { isMemberList } from "./member-list.ts";
import { PinnedSnapshot, type ReadAt } from "./pinned-snapshot.ts";
import { UndoLog } from "./undo-log.ts";
import type { Version } from "../value/version.ts";

/** A snapshot is released after this long: a render that never ends must not keep what is overwritten for ever. */
const maxAgeMs = 60_000;
/** Most characters of overwritten keys and values that are kept. A snapshot that needs an older one asks the actor. */
const maxOverwrittenSize = 16 * 1024 * 1024;

export type OpenOptions = {
  readonly version: Version;
  /** Where the snapshot reads keys that have not changed since. */
  readonly live: Reader;
  readonly readAt: ReadAt;
};

/**
 * The open snapshots of one backend, and what was overwritten since. A change costs the same however many are open, and
 * nothing when none is. What no snapshot can see is not kept.
 */
export class Snapshots {
  /** With the time at which each was opened; the oldest first, which has the lowest version. */
  readonly #open = new Map<PinnedSnapshot, number>();
  #overwritten = new UndoLog<Entry>();
  #overwrittenSize = 0;
  #newestSeq = 0;

  get openCount(): number {
    return this.#open.size;
  }

  open({ version, live, readAt }: OpenOptions): Snapshot {
    this.#expire();
    const snapshot = new PinnedSnapshot({
      version,
      live,
      readAt,
      overwritten: this.#overwritten,
      onRelease: () => this.#remove(snapshot),
    });
    this.#open.set(snapshot, performance.now());
    this.#newestSeq = version.seq;
    return snapshot;
  }

  /** Has to be called before the entry of a key is replaced. */
  keep(key: string, before: Entry): void {
    if (this.#open.size === 0) return;
    this.#expire();
    if (this.#open.size === 0 || before.state === "unknown" || before.seq > this.#newestSeq) return;
    this.#overwritten.add({ key, value: before, until: this.#newestSeq + 1 });
    this.#overwrittenSize += sizeOf(key, before);
    while (this.#overwrittenSize > maxOverwrittenSize) this.#forgetOldest();
  }

  /** The backend has another history from now on: open snapshots keep what was overwritten and show what is new beside it. */
  endHistory(): void {
    for (const snapshot of this.#open.keys()) snapshot.unpin();
    this.#open.clear();
    this.#forgetUnseen();
  }

  /** Has open snapshots read live from now on: known values may no longer be shown to everybody. */
  detach(): void {
    for (const snapshot of [...this.#open.keys()]) snapshot.release();
  }

  #expire(): void {
    const latest = performance.now() - maxAgeMs;
    for (const [snapshot, openedAt] of this.#open) {
      if (openedAt > latest) return;
      snapshot.release();
    }
  }

  #remove(snapshot: PinnedSnapshot): void {
    if (this.#open.delete(snapshot)) this.#forgetUnseen();
  }

  #forgetUnseen(): void {
    const [oldest] = this.#open.keys();
    // Snapshots of an earlier history still read the log that they have.
    if (!oldest) {
      this.#overwritten = new UndoLog();
      this.#overwrittenSize = 0;
    } else
      while (this.#overwritten.oldest && this.#overwritten.oldest.until <= oldest.version.seq) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const { key, value } = this.#overwritten.forgetOldest()!;
    this.#overwrittenSize -= sizeOf(key, value);
  }
}

/** An older version of a list holds what has changed, and not the list. */
function sizeOf(key: string, entry: Entry): number {
  return key.length + (isMemberList(entry) ? 0 : sizeOfEntry(entry));
}
