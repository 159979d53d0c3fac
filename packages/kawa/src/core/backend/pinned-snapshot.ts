import { type Entry, type Reader, type Snapshot, unknownEntry } from "./backend.ts";
import { Loader } from "./loader.ts";
import { cell, type ReadonlyCell } from "../process/reactive.ts";
import type { UndoLog } from "./undo-log.ts";
import type { Version } from "../value/version.ts";

/** Entries as they were at a version. Where the old entry is not known any more, it is the present one: newer, or of another epoch. */
export type EntriesAt = { readonly epoch: string; readonly entries: ReadonlyMap<string, Entry> };

export type ReadAt = (keys: readonly string[], version: Version) => Promise<EntriesAt>;

export type PinnedSnapshotOptions = {
  readonly version: Version;
  readonly live: Reader;
  readonly readAt: ReadAt;
  /** Entries that were replaced since. */
  readonly overwritten: UndoLog<Entry>;
  readonly onRelease: () => void;
};

const unknownCell: ReadonlyCell<Entry> = cell<Entry>(unknownEntry);

/** A backend as it was at one version: its live entries, except those that have changed since. */
export class PinnedSnapshot implements Snapshot {
  readonly version: Version;
  readonly #live: Reader;
  readonly #onRelease: () => void;
  readonly #loader: Loader;
  #overwritten: UndoLog<Entry> | undefined;
  /** Entries that changed before this process knew them: they were asked for. */
  #read: Map<string, Entry> | undefined;
  /** False once live entries are shown, whatever their version is. */
  #isPinned = true;
  #isConsistent = true;

  constructor({ version, live, readAt, overwritten, onRelease }: PinnedSnapshotOptions) {
    this.version = version;
    this.#live = live;
    this.#overwritten = overwritten;
    this.#onRelease = onRelease;
    this.#loader = new Loader(async (keys) => {
      this.#keep(await readAt(keys, version));
      return new Map();
    });
  }

  get isConsistent(): boolean {
    return this.#isConsistent;
  }

  entry(key: string): ReadonlyCell<Entry> {
    const old = this.#oldEntry(key);
    if (old) return cell(old);
    const live = this.#live.entry(key);
    return this.#isNewer(live.peek()) ? unknownCell : live;
  }

  // Makes nothing: a render may ask for thousands.
  peek(key: string): Entry {
    const old = this.#oldEntry(key);
    if (old) return old;
    const live = this.#live.entry(key).peek();
    return this.#isNewer(live) ? unknownEntry : live;
  }

  async load(keys: readonly string[]): Promise<void> {
    const unknown = keys.filter((key) => !this.#isKnown(key));
    if (unknown.length === 0) return;
    await this.#live.load(unknown);
    const newer = unknown.filter((key) => !this.#isKnown(key));
    if (newer.length > 0) await this.#loader.load(newer);
  }

  release(): void {
    this.unpin();
    this.#overwritten = undefined;
    this.#read = undefined;
    this.#onRelease();
  }

  /** Shows live entries from now on, except those that were replaced before. */
  unpin(): void {
    this.#isPinned = false;
    this.#isConsistent = false;
  }

  #oldEntry(key: string): Entry | undefined {
    const read = this.#read?.get(key);
    if (read) return read;
    return this.#overwritten && this.#overwritten.length > 0
      ? this.#overwritten.find(key, this.version.seq)
      : undefined;
  }

  #isNewer(live: Entry): boolean {
    return this.#isPinned && live.seq > this.version.seq;
  }

  #isKnown(key: string): boolean {
    return this.peek(key).state !== "unknown";
  }

  #keep({ epoch, entries }: EntriesAt): void {
    if (!this.#isPinned) return;
    this.#read ??= new Map();
    for (const [key, entry] of entries) {
      if (epoch !== this.version.epoch || entry.seq > this.version.seq) this.#isConsistent = false;
      this.#read.set(key, entry);
    }
  }
}
