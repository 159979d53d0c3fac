/** Where a line goes. Where `end` is larger than the file, the file has to be extended to it. */
export type Place = { readonly at: number; readonly bytes: number; readonly end: number; readonly wraps: boolean };

type Mark = { readonly seq: number; readonly at: number; readonly wrapCount: number; readonly bytes: number };

/** Bytes of lines from one mark to the next. Space is given up from mark to mark. */
const markBytes = 16 * 1024;

/**
 * Which part of a ring buffer file is in use: from `tail` to `head`, or from `tail` to where the last round ended and from `start` to
 * `head`.
 */
export class JournalSpace {
  /** Where lines begin: the header stands before it. */
  readonly start: number;
  /** Length of the file. */
  end: number;
  readonly #max: number;
  readonly #marks: Mark[] = [];
  #head: number;
  #tail: number;
  #wrapCount = 0;
  #isWrapped = false;
  #used = 0;
  #unmarked = 0;
  #lastSeq = -1;

  constructor({ start, end, max }: { start: number; end: number; max: number }) {
    this.start = start;
    this.end = end;
    this.#max = max;
    this.#head = start;
    this.#tail = start;
  }

  /** Bytes of lines that were not given up. */
  get used(): number {
    return this.#used;
  }

  /** Place for the next line; undefined until other lines are given up. */
  place(bytes: number): Place | undefined {
    const [at, tail] = this.#used === 0 ? [this.start, this.start] : [this.#head, this.#tail];
    const isWrapped = this.#used > 0 && this.#isWrapped;
    if (isWrapped) return at + bytes < tail ? { at, bytes, end: this.end, wraps: false } : undefined;
    if (at + bytes <= this.end) return { at, bytes, end: this.end, wraps: false };
    if (this.start + bytes < tail) return { at: this.start, bytes, end: this.end, wraps: true };
    const end = Math.min(this.#max, Math.max(2 * this.end, at + bytes));
    // A line that is larger than the whole space comes when that is empty.
    if (at + bytes <= end || this.#used === 0) return { at, bytes, end: Math.max(end, at + bytes), wraps: false };
    return undefined;
  }

  /** Lines that were placed since others were given up stay where they are. */
  use({ at, bytes, wraps }: Place, seq: number): void {
    if (this.#used === 0) {
      this.#tail = at;
      this.#isWrapped = false;
    } else if (wraps) {
      this.#wrapCount += 1;
      this.#isWrapped = true;
    }
    this.#head = at + bytes;
    this.#used += bytes;
    this.#unmarked += bytes;
    this.#lastSeq = seq;
    if (this.#unmarked < markBytes) return;
    this.#marks.push({ seq, at: this.#head, wrapCount: this.#wrapCount, bytes: this.#unmarked });
    this.#unmarked = 0;
  }

  /** Gives up lines up to a commit. */
  release(seq: number): void {
    if (seq >= this.#lastSeq) {
      this.#marks.length = 0;
      this.#unmarked = 0;
      this.#used = 0;
      return;
    }
    let count = 0;
    for (; count < this.#marks.length && this.#marks[count]!.seq <= seq; count += 1) {
      const mark = this.#marks[count]!;
      this.#tail = mark.at;
      this.#isWrapped = mark.wrapCount !== this.#wrapCount;
      this.#used -= mark.bytes;
    }
    this.#marks.splice(0, count);
  }
}
