/** Entries from `from` on and before `to`. */
export type EntryRange = { readonly from: string; readonly to: string };

/**
 * Values by ranges of entries. Ranges stand together by how their entries begin: what an entry is in is found without looking at those whose
 * entries begin otherwise, such as the queries of other lists.
 */
export class RangeMap<V> {
  readonly #groups = new Map<string, Map<string, { readonly range: EntryRange; readonly value: V }>>();
  /** How many groups have a beginning of a length. */
  readonly #lengths = new Map<number, number>();

  set(name: string, range: EntryRange, value: V): void {
    const start = startOf(range);
    let group = this.#groups.get(start);
    if (!group) {
      this.#groups.set(start, (group = new Map()));
      this.#lengths.set(start.length, (this.#lengths.get(start.length) ?? 0) + 1);
    }
    group.set(name, { range, value });
  }

  delete(name: string, range: EntryRange): void {
    const start = startOf(range);
    const group = this.#groups.get(start);
    if (!group?.delete(name) || group.size > 0) return;
    this.#groups.delete(start);
    const left = this.#lengths.get(start.length)! - 1;
    if (left > 0) this.#lengths.set(start.length, left);
    else this.#lengths.delete(start.length);
  }

  /** Values whose ranges an entry is in. */
  *at(entry: string): Iterable<V> {
    for (const length of this.#lengths.keys()) {
      const group = this.#groups.get(entry.slice(0, length));
      if (!group || entry.length < length) continue;
      for (const { range, value } of group.values()) if (entry >= range.from && entry < range.to) yield value;
    }
  }
}

/** What all entries of a range begin with. */
function startOf({ from, to }: EntryRange): string {
  let length = 0;
  while (length < from.length && from[length] === to[length]) length += 1;
  return from.slice(0, length);
}
