import { sizeOf } from "../signal-rows.ts";
import type { StorageSession, StoredRow } from "../storage.ts";
import type { JournalEntry } from "./journal-file.ts";

/** Of one commit to the storage, in characters. Larger ones take no less time a row, and those who write wait longer for them. */
const maxCommitSize = 1024 * 1024;

/** Commits, in order, that a storage is still to be given. Those that go together are merged: the newest row of a key counts. */
export class Backlog {
  readonly #session: StorageSession;
  readonly #entries: JournalEntry[] = [];
  #size = 0;
  #storing: Promise<void> | undefined;

  constructor(session: StorageSession) {
    this.#session = session;
  }

  /** In characters. */
  get size(): number {
    return this.#size;
  }

  add(entry: JournalEntry): void {
    this.#entries.push(entry);
    this.#size += sizeOfEntry(entry);
  }

  /** Stores the oldest. Rejects with the storage's error; then they are still here. */
  store(): Promise<void> {
    this.#storing ??= this.#storeOldest().finally(() => (this.#storing = undefined));
    return this.#storing;
  }

  /** Stores everything. */
  async drain(): Promise<void> {
    while (this.#entries.length > 0) await this.store();
  }

  async #storeOldest(): Promise<void> {
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
    for (const entry of this.#entries.splice(0, count)) this.#size -= sizeOfEntry(entry);
  }
}

export function sizeOfEntry(entry: JournalEntry): number {
  return entry.reduce((size, { key, text, seq }) => size + sizeOf([key, text, seq]), 0);
}
