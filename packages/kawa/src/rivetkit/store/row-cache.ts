import { sizeOf } from "../wire/protocol.ts";

export type CachedRow = { readonly text: string | null; readonly seq: number };

/** Most characters of keys and values that are kept. */
const maxSize = 16 * 1024 * 1024;
/** Most rows that are kept; those that have no value count too. */
const maxCount = 50_000;

/** Rows of collections that were used lately. Others are in the storage. */
export class RowCache {
  readonly #rows = new Map<string, CachedRow>();
  /** Number of the newest deletion that is not known by its key any more. */
  #absentSeq: number;
  #size = 0;

  /** @param absentSeq commit up to which it is not known when rows were deleted */
  constructor(absentSeq: number) {
    this.#absentSeq = absentSeq;
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** A row that is there counts as used. */
  get(key: string): CachedRow | undefined {
    const row = this.#rows.get(key);
    if (row) {
      this.#rows.delete(key);
      this.#rows.set(key, row);
    }
    return row;
  }

  set(key: string, row: CachedRow): void {
    const before = this.#rows.get(key);
    if (before) this.#size -= sizeOf([key, before.text, 0]);
    this.#rows.delete(key);
    this.#rows.set(key, row);
    this.#size += sizeOf([key, row.text, 0]);
  }

  /** A row that the storage does not have. */
  setAbsent(key: string): void {
    this.set(key, { text: null, seq: this.#absentSeq });
  }

  /** Forgets the rows that were used least lately, as many as are too many. */
  trim(): void {
    for (const [key, { text, seq }] of this.#rows) {
      if (this.#size <= maxSize && this.#rows.size <= maxCount) return;
      if (text === null) this.#absentSeq = Math.max(this.#absentSeq, seq);
      this.#size -= sizeOf([key, text, 0]);
      this.#rows.delete(key);
    }
  }
}
