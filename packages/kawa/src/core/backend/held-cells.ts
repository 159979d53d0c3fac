import { type Entry, unknownEntry } from "./backend.ts";
import { sizeOfEntry } from "./entry.ts";
import { cell, type Cell } from "../process/reactive.ts";

/** How many cells that no effect follows are held. */
export type HeldBounds = {
  /** Most keys with a value. Infinite where their values are nowhere else. */
  readonly valueCount: number;
  /** Most characters of these keys and their encoded values. */
  readonly valueSize: number;
  /** Most keys that have no value, or whose value is not known. */
  readonly emptyCount: number;
  /** A used key is kept for at least this long: a caller loads a value, then maybe others, and reads it a little later. */
  readonly minAgeMs: number;
};

export type HeldCellsOptions = {
  readonly bounds?: Partial<HeldBounds> | undefined;
  /** The entry of a key that is not held. @default an unknown one */
  readonly entryOfNew?: () => Entry;
  /** Called with the entry of a key that is about to be forgotten. */
  readonly onForget?: (entry: Entry) => void;
};

const heldBounds: HeldBounds = {
  valueCount: 250_000,
  valueSize: 64 * 1024 * 1024,
  emptyCount: 10_000,
  minAgeMs: 60_000,
};

/** Most keys that are looked at in one turn of the event loop. */
const maxDroppedAtOnce = 2_000;

/**
 * The cells of keys. Visitors choose keys, so there are bounds: beyond them, cells that no effect follows and that were not used for a
 * while are forgotten, the oldest first. A forgotten cell becomes unknown, so what was computed from it is computed anew.
 */
export class HeldCells {
  readonly #bounds: HeldBounds;
  readonly #entryOfNew: () => Entry;
  readonly #onForget: (entry: Entry) => void;
  // No key has a time of its own: a key that is used moves to the recent ones, and at each turn the recent ones become the older ones.
  #recent = new Map<string, Cell<Entry>>();
  #older = new Map<string, Cell<Entry>>();
  /** The oldest keys, while a sweep looks at them part by part. */
  #leaving = new Map<string, Cell<Entry>>();
  /** Cells that effects or subscriptions read. */
  readonly #followed = new Set<Cell<Entry>>();
  readonly #cellOptions;
  #valueCount = 0;
  #valueSize = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ bounds = {}, entryOfNew = () => unknownEntry, onForget = () => {} }: HeldCellsOptions = {}) {
    this.#bounds = { ...heldBounds, ...bounds };
    this.#entryOfNew = entryOfNew;
    this.#onForget = onForget;
    const followed = this.#followed;
    this.#cellOptions = {
      watched(this: Cell<Entry>) {
        followed.add(this);
      },
      unwatched(this: Cell<Entry>) {
        followed.delete(this);
      },
    };
  }

  get size(): number {
    return this.#recent.size + this.#older.size + this.#leaving.size;
  }

  /** True when no more keys without a value should be held. */
  get isFull(): boolean {
    return this.size - this.#valueCount >= this.#bounds.emptyCount;
  }

  /** The cell of a key, made on first use. */
  get(key: string): Cell<Entry> {
    const found = this.find(key);
    if (found) return found;
    const made = cell(this.#entryOfNew(), this.#cellOptions);
    this.#recent.set(key, made);
    this.#watchBounds();
    return made;
  }

  /** The cell of a key that is held. It counts as used. */
  find(key: string): Cell<Entry> | undefined {
    const recent = this.#recent.get(key);
    if (recent) return recent;
    const from = this.#older.has(key) ? this.#older : this.#leaving;
    const found = from.get(key);
    if (!found) return undefined;
    from.delete(key);
    this.#recent.set(key, found);
    return found;
  }

  /** How many cells effects or subscriptions read. */
  get followedCount(): number {
    return this.#followed.size;
  }

  /** Forgets all cells. What was computed from them is computed anew. */
  clear(): void {
    this.close();
    for (const key of [...this.keys()]) this.#forget(key, this.#cellOf(key)!, this.peek(key)!);
    this.#recent.clear();
    this.#older.clear();
    this.#leaving.clear();
  }

  /** The entry of a key that is held. It does not count as used. */
  peek(key: string): Entry | undefined {
    return this.#cellOf(key)?.peek();
  }

  /** True while an effect or a subscription reads a key. */
  isFollowed(key: string): boolean {
    const held = this.#cellOf(key);
    return held !== undefined && this.#followed.has(held);
  }

  /** Replaces an entry. The key does not count as used. */
  set(key: string, entry: Entry): void {
    const held = this.#cellOf(key) ?? this.get(key);
    this.#count(key, held.peek(), -1);
    this.#count(key, entry, 1);
    held.value = entry;
    this.#watchBounds();
  }

  *keys(): Iterable<string> {
    yield* this.#leaving.keys();
    yield* this.#older.keys();
    yield* this.#recent.keys();
  }

  /** Stops forgetting. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #cellOf(key: string): Cell<Entry> | undefined {
    return this.#recent.get(key) ?? this.#older.get(key) ?? this.#leaving.get(key);
  }

  #count(key: string, entry: Entry, by: 1 | -1): void {
    if (entry.state !== "present") return;
    this.#valueCount += by;
    this.#valueSize += by * (key.length + sizeOfEntry(entry));
  }

  get #hasTooManyValues(): boolean {
    return this.#valueCount > this.#bounds.valueCount || this.#valueSize > this.#bounds.valueSize;
  }

  get #hasTooManyEmpty(): boolean {
    return this.size - this.#valueCount > this.#bounds.emptyCount;
  }

  #watchBounds(): void {
    if (this.#timer || !(this.#hasTooManyEmpty || this.#hasTooManyValues)) return;
    this.#schedule(() => this.#turn(), this.#bounds.minAgeMs);
  }

  #schedule(work: () => void, delayMs: number): void {
    this.#timer = setTimeout(work, delayMs);
    this.#timer.unref?.();
  }

  #turn(): void {
    this.#leaving = this.#older;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#sweep();
  }

  /** Looks at a part of the oldest keys, and at the next part in the next turn: a long sweep must not hold up the event loop. */
  #sweep(): void {
    this.#timer = undefined;
    let left = maxDroppedAtOnce;
    for (const [key, held] of this.#leaving) {
      if (left-- === 0) return this.#schedule(() => this.#sweep(), 0);
      const entry = held.peek();
      const isTooMuch = entry.state === "present" ? this.#hasTooManyValues : this.#hasTooManyEmpty;
      this.#leaving.delete(key);
      if (!isTooMuch || this.#followed.has(held)) this.#older.set(key, held);
      else this.#forget(key, held, entry);
    }
    this.#watchBounds();
  }

  #forget(key: string, held: Cell<Entry>, entry: Entry): void {
    this.#onForget(entry);
    this.#count(key, entry, -1);
    held.value = unknownEntry;
  }
}
