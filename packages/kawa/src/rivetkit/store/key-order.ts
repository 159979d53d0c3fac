/** Fewer changes are not worth a new order. */
const minChangeCount = 10_000;

/** The keys of a map in the order of code units. They are sorted when they are asked for. */
export class KeyOrder {
  #sorted: string[] = [];
  /** Keys that have come and gone since. */
  #added = new Set<string>();
  #removed = new Set<string>();
  /** True when more keys have changed since than there are. */
  #isOutdated = false;

  /** @param count how many keys there are */
  add(key: string, count: number): void {
    if (this.#isOutdated) return;
    this.#added.add(key);
    this.#limit(count);
  }

  /** @param count how many keys there are */
  remove(key: string, count: number): void {
    if (this.#isOutdated) return;
    // A key that went and came back is also among those that were there before.
    this.#added.delete(key);
    this.#removed.add(key);
    this.#limit(count);
  }

  /** The keys of the map whose changes were told. */
  of(map: ReadonlyMap<string, unknown>): readonly string[] {
    if (this.#isOutdated) this.#sorted = [...map.keys()].sort();
    else if (this.#added.size > 0 || this.#removed.size > 0) {
      const left = this.#removed.size === 0 ? this.#sorted : this.#sorted.filter((key) => !this.#removed.has(key));
      // Fast for a long sorted start with a short end.
      this.#sorted = left.concat([...this.#added].sort()).sort();
    }
    this.#reset(false);
    return this.#sorted;
  }

  #limit(count: number): void {
    if (this.#added.size + this.#removed.size <= Math.max(count, minChangeCount)) return;
    this.#sorted = [];
    this.#reset(true);
  }

  #reset(isOutdated: boolean): void {
    this.#isOutdated = isOutdated;
    if (this.#added.size > 0) this.#added = new Set();
    if (this.#removed.size > 0) this.#removed = new Set();
  }
}

/** Index of the first of the sorted keys that does not come before `start`. */
export function firstFrom(keys: readonly string[], start: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last of the sorted keys that starts with `prefix`. */
export function lastUnder(prefix: string, keys: readonly string[]): string | undefined {
  if (prefix === "") return keys.at(-1);
  const behind = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const last = keys[firstFrom(keys, behind) - 1];
  return last?.startsWith(prefix) ? last : undefined;
}
