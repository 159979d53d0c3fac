import type { ColdRange, ColdRows, KeyRange, StoredRow } from "../storage/storage.ts";

type Pending = { readonly cold: ReadonlyMap<string, StoredRow> };

/** Cold rows as they are after the newest commit: what the storage has, under what it does not have yet. No commit may come meanwhile, but for `get`. */
export function journaledCold(stored: ColdRows, pending: Pending): ColdRows {
  /** The pending rows of a range now. What is stored meanwhile is then found twice, which makes no difference. */
  const pendingIn = ({ from, to }: KeyRange): StoredRow[] =>
    [...pending.cold.values()].filter(({ key }) => key >= from && key < to);
  /** What to ask the storage for, and how what is pending changes the keys that it gives. */
  const merging = <R extends ColdRange>(range: R) => {
    const { isDescending, limit } = range;
    const changed = pendingIn(range);
    const asked = { ...range, limit: limit + changed.filter(({ text }) => text === null).length };
    const merged = (found: readonly string[]): readonly string[] => {
      const keys = new Set(found);
      // What comes after the last key that was found is not known, unless there is nothing more.
      const last = found.length < asked.limit ? undefined : found.at(-1);
      for (const { key, text } of changed) {
        if (text === null) keys.delete(key);
        else if (last === undefined || (isDescending ? key > last : key < last)) keys.add(key);
      }
      const sorted = [...keys].sort();
      return (isDescending ? sorted.reverse() : sorted).slice(0, limit);
    };
    return { asked, merged };
  };
  return {
    async get(keys) {
      const before = keys.flatMap((key) => pending.cold.get(key) ?? []);
      const found = new Map((await stored.get(keys)).map((row) => [row.key, row]));
      for (const row of before) if (row.seq >= (found.get(row.key)?.seq ?? -1)) found.set(row.key, row);
      // Of commits that came meanwhile.
      for (const key of keys) if (pending.cold.has(key)) found.set(key, pending.cold.get(key)!);
      return [...found.values()].filter(({ text }) => text !== null);
    },
    async keys(range) {
      const { asked, merged } = merging(range);
      return merged(await stored.keys(asked));
    },
    async page(range) {
      const { asked, merged } = merging(range);
      const { keys, rows } = await stored.page(asked);
      const current = rows.flatMap((row) => {
        const changed = pending.cold.get(row.key) ?? row;
        return changed.text === null ? [] : changed;
      });
      return { keys: merged(keys), rows: current };
    },
    async count({ from, to, limit }) {
      const changed = pendingIn({ from, to });
      if (changed.length === 0) return stored.count({ from, to, limit });
      const keys = await this.keys({ from, to, isDescending: false, limit });
      return { count: keys.length, last: keys.at(-1) ?? null };
    },
  };
}
