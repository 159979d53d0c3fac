import { idIn } from "./entries.ts";
import type { QuerySpec } from "./query-key.ts";
import { isBetween, insertionPoint } from "./ranges.ts";

/** Entries of an index that are beyond the rows of a window, and known: so a row that leaves is followed by the next one at once. */
const minSpare = 2;

/** How many entries to read for a window. */
export function wantedCount({ limit }: QuerySpec): number {
  return 2 * limit + minSpare;
}

/**
 * The rows that a query finds, kept up to date entry by entry. It knows the first entries of its range, in order and without a gap; what comes
 * after them is read when there are too few.
 */
export class QueryWindow {
  readonly spec: QuerySpec;
  #entries: string[] = [];
  /** True when there is nothing after the known entries. */
  #isWhole = false;
  /** Rows that somebody has looked at beyond those of the window. */
  #extent = 0;

  /** @param found the first entries of the range, in the order of the query: as many as {@link wantedCount}, or all */
  constructor(spec: QuerySpec, found: readonly string[]) {
    this.spec = spec;
    this.fill(found);
  }

  fill(found: readonly string[], wanted: number = wantedCount(this.spec)): void {
    this.#entries = [...found];
    this.#isWhole = found.length < wanted;
  }

  /** True when entries are to be read, with {@link fill}. */
  get isShort(): boolean {
    return !this.#isWhole && this.#entries.length < this.count;
  }

  /** How many entries are to be known. */
  get count(): number {
    return Math.max(this.spec.limit, this.#extent);
  }

  /** Ids of the rows. */
  get value(): readonly string[] {
    return this.#entries.slice(0, this.spec.limit).map(idIn);
  }

  /** Ids of the rows that are known, and whether there are no others. Looks further than the window, if that is asked for. */
  get known(): { readonly ids: readonly string[]; readonly isWhole: boolean } {
    return { ids: this.#entries.map(idIn), isWhole: this.#isWhole };
  }

  /** Ids of all rows that somebody looks at. */
  get watched(): readonly string[] {
    return this.#extent > this.spec.limit ? this.#entries.slice(0, this.#extent).map(idIn) : this.value;
  }

  /** Has changes noticed that concern the first `count` rows, where those of the window are not all that somebody looks at. */
  extend(count: number): void {
    this.#extent = Math.max(this.#extent, count);
  }

  /** True for one of the first rows, as many as somebody looks at. */
  isLookedAt(entry: string): boolean {
    const at = this.#insertionPoint(entry);
    return at < this.#extent && this.#entries[at] === entry;
  }

  /** Takes over how an entry has changed. */
  change(removed: string | undefined, added: string | undefined): void {
    if (removed !== undefined && isBetween(this.spec, removed)) this.#remove(removed);
    if (added !== undefined && isBetween(this.spec, added)) this.#add(added);
  }

  #remove(entry: string): void {
    const at = this.#insertionPoint(entry);
    if (this.#entries[at] === entry) this.#entries.splice(at, 1);
  }

  #add(entry: string): void {
    const at = this.#insertionPoint(entry);
    if (this.#entries[at] === entry || (at === this.#entries.length && !this.#isWhole)) return;
    this.#entries.splice(at, 0, entry);
    const most = 2 * wantedCount(this.spec) + this.#extent;
    if (this.#entries.length <= most) return;
    this.#entries.length = wantedCount(this.spec) + this.#extent;
    this.#isWhole = false;
  }

  #insertionPoint(entry: string): number {
    return insertionPoint(this.#entries, entry, this.spec.isDescending);
  }
}

/** How many entries there are in a range. */
export class QueryCount {
  readonly spec: QuerySpec;
  readonly isShort = false;
  #count: number;
  /** Entries from here on are not counted yet. */
  #to: string | undefined;

  constructor(spec: QuerySpec, count: number, to?: string) {
    this.spec = spec;
    this.#count = count;
    this.#to = to;
  }

  get value(): number {
    return this.#count;
  }

  get watched(): number {
    return this.#count;
  }

  /** Where to go on counting; undefined when everything is counted. */
  get next(): string | undefined {
    return this.#to;
  }

  /** Goes on counting. Undefined when everything is counted. */
  countTo(to: string | undefined, count: number): void {
    this.#to = to;
    this.#count += count;
  }

  change(removed: string | undefined, added: string | undefined): void {
    if (this.#counts(removed)) this.#count -= 1;
    if (this.#counts(added)) this.#count += 1;
  }

  #counts(entry: string | undefined): boolean {
    return entry !== undefined && isBetween(this.spec, entry) && (this.#to === undefined || entry < this.#to);
  }
}
