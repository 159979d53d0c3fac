import { sizeOf } from "../wire/protocol.ts";
import { isCold } from "../storage/cold-keys.ts";
import type { StoreHandle, StoredRow } from "../storage/storage.ts";
import type { JournalEntry } from "./journal-line.ts";

/** Largest commit to the storage, in characters. A larger one takes as long for each row, and writers wait longer for it. */
const maxCommitSize = 1024 * 1024;

/** Commits that the storage does not have yet, in order. Commits that are stored together are merged: the newest row of a key counts. */
export class Backlog {
  readonly #handle: StoreHandle;
  readonly #entries: JournalEntry[] = [];
  /** The newest of each cold row that the storage does not have yet. */
  readonly #cold = new Map<string, StoredRow>();
  #size = 0;
  #storedSeq = -1;
  #storing: Promise<void> | undefined;

  constructor(handle: StoreHandle) {
    this.#handle = handle;
  }

  /** Size of all commits, in characters. */
  get size(): number {
    return this.#size;
  }

  /** The newest commit that was stored from here; -1 before the first. */
  get storedSeq(): number {
    return this.#storedSeq;
  }

  /** Cold rows that the storage does not have yet, by key. */
  get cold(): ReadonlyMap<string, StoredRow> {
    return this.#cold;
  }

  add(entry: JournalEntry): void {
    this.#entries.push(entry);
    for (const row of entry) if (isCold(row.key)) this.#cold.set(row.key, row);
    this.#size += sizeOfCommit(entry);
  }

  /** Stores the oldest commits, if there are any. When the storage fails, this rejects with its error, and they are still here. */
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
      size += sizeOfCommit(entry);
      if (count > 0 && size > maxCommitSize) break;
      for (const row of entry) rows.set(row.key, row);
      count += 1;
    }
    await this.#handle.commit([...rows.values()]);
    const stored = this.#entries.splice(0, count);
    for (const entry of stored) this.#size -= sizeOfCommit(entry);
    this.#storedSeq = stored.at(-1)![0]!.seq;
    for (const row of rows.values()) if (this.#cold.get(row.key) === row) this.#cold.delete(row.key);
  }
}

export function sizeOfCommit(entry: JournalEntry): number {
  return entry.reduce((size, { key, text, seq }) => size + sizeOf([key, text, seq]), 0);
}
