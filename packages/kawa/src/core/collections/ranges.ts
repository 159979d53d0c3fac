import type { QuerySpec } from "./query-key.ts";

export function isBetween({ from, to }: Pick<QuerySpec, "from" | "to">, entry: string): boolean {
  return entry >= from && entry < to;
}

/** Index of the first of the sorted entries that does not come before `entry`. */
export function insertionPoint(entries: readonly string[], entry: string, isDescending = false): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const isBefore = isDescending ? entries[middle]! > entry : entries[middle]! < entry;
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}
