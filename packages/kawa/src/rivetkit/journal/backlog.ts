import { sizeOf } from "../wire/protocol.ts";
import type { StorageSession, StoredRow } from "../storage/storage.ts";
import type { JournalEntry } from "./journal-line.ts";

/** Of one commit to the storage, in characters. Larger ones take no less time a row, and those who write wait longer for them. */
const maxCommitSize = 1024 * 1024;

/** Commits, in order, that a storage is still to be given. Those that go together are merged: the newest row of a key counts. */
export class Backlog {
  readonly #session: StorageSession;
  readonly #entries: JournalEntry[] = [];
  #size = 0;
  #storedSeq = -1;
  #storing: Promise<void> | undefined;

  constructor(session: StorageSession) {
    this.#session = session;
  }

  /** In characters. */
  get size(): number {
    return this.#size;
  }

  /** The newest commit that the storage was given from here, -1 before. */
  get storedSeq(): number {
    return this.#storedSeq;
  }

  add(entry: JournalEntry): void {
    this.#entries.push(entry);
    this.#size += sizeOfEntry(entry);
  }

  /** Stores the oldest, if there are any. Rejects with the storage's error; then they are still here. */
  store(): Promise<void> {
    this.#storing ??= this.#storeOldest().finally(() => (this.#storing = undefined));
    return this.#storing;
  }

  /** Stores everything. */
  async drain(): Promise<void> {
    while (this.#entries.length > 0) await this.store();
  }

  async #storeOldest(): Promise<void> {
    if (this.#entries.length === 0) return;
    const rows = new Map<string, StoredRow>();
    let count = 0;
    let size = 0;
    for (const entry of this.#entries) {
      size += sizeOfEntry(entry);
      if (count > 0 && size > maxCommitSize) break;
      for (const row of entry) rows.set(row.key, row);
      count += 1;
    }
    await this.#session.commit([...rows.values()]);
    const stored = this.#entries.splice(0, count);
    for (const entry of stored) this.#size -= sizeOfEntry(entry);
    this.#storedSeq = stored.at(-1)![0]!.seq;
  }
}

export function sizeOfEntry(entry: JournalEntry): number {
  return entry.reduce((size, { key, text, seq }) => size + sizeOf([key, text, seq]), 0);
}
