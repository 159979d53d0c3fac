import { type IndexFields, indexName } from "./entries.ts";
import { EntryLog } from "./entry-log.ts";
import type { QueryCount, QueryWindow } from "./query-window.ts";
import type { QuerySpec } from "./query-key.ts";
import { RangeMap } from "./range-map.ts";

export type OpenQuery = QueryWindow | QueryCount;

/** How a row has moved in an index: from an entry to another one, or into it or out of it; or it has changed and stays at its entry. */
export type Move = {
  readonly collection: string;
  readonly index: IndexFields;
  readonly removed: string | undefined;
  readonly added: string | undefined;
};

/** What a query shows, since which commit. */
export type ShownQuery = { readonly key: string; readonly value: readonly string[] | number; readonly seq: number };

type Open = {
  readonly key: string;
  readonly query: OpenQuery;
  seq: number;
  shown: ShownQuery["value"];
  watched: ShownQuery["value"];
  /** A row has changed, and whoever looks at it may be shown it now, or no longer. */
  isOther?: boolean;
};

type OfIndex = { readonly log: EntryLog; readonly open: RangeMap<Open> };

/** Queries that are kept up to date; the one that was used least lately is closed first. */
export const maxOpenQueries = 10_000;

/** The queries that somebody follows. A change costs the same however many rows there are: only queries are looked at that may find it. */
export class OpenWindows {
  readonly #indexes = new Map<string, OfIndex>();
  readonly #open = new Map<string, Open>();
  /** Queries whose range has changed since {@link settle}. */
  readonly #touched = new Set<Open>();
  /** True once somebody has looked at the rows of a query one by one. */
  #isLookedAt = false;
  #floor: number;

  /** @param floor commit up to which changes of entries are not known */
  constructor(floor = 0) {
    this.#floor = floor;
  }

  get size(): number {
    return this.#open.size;
  }

  find(key: string): OpenQuery | undefined {
    return this.#open.get(key)?.query;
  }

  /** What an open query shows. It counts as used. */
  shown(key: string): ShownQuery | undefined {
    const found = this.#open.get(key);
    if (!found) return undefined;
    this.#open.delete(key);
    this.#open.set(key, found);
    return { key, value: found.shown, seq: found.seq };
  }

  /** Keeps a query up to date from now on. Returns the keys of those that are closed for it. */
  open(key: string, query: OpenQuery): readonly string[] {
    const { log, open } = this.#indexOf(query.spec);
    const { value: shown, watched } = query;
    const opened: Open = { key, query, seq: log.lastChange(query.spec), shown, watched };
    open.set(key, query.spec, opened);
    this.#open.set(key, opened);
    const closed =
      this.#open.size > maxOpenQueries ? [...this.#open.keys().take(this.#open.size - maxOpenQueries)] : [];
    for (const one of closed) this.close(one);
    return closed;
  }

  close(key: string): void {
    const found = this.#open.get(key);
    if (!found) return;
    this.#open.delete(key);
    this.#touched.delete(found);
    const { spec } = found.query;
    this.#indexOf(spec).open.delete(key, spec);
  }

  /** Forgets everything: it is not known what has changed up to commit `floor`. */
  clear(floor: number): string[] {
    const keys = [...this.#open.keys()];
    this.#open.clear();
    this.#touched.clear();
    this.#indexes.clear();
    this.#floor = floor;
    return keys;
  }

  change({ collection, index, removed, added }: Move, seq: number): void {
    const { log, open } = this.#indexOf({ collection, index });
    if (removed !== undefined && removed === added) return this.#stay(open, added);
    const entries = [removed, added].filter((entry) => entry !== undefined);
    log.note(seq, entries);
    const touched = new Set(entries.flatMap((entry) => [...open.at(entry)]));
    for (const one of touched) {
      one.query.change(removed, added);
      this.#touched.add(one);
    }
  }

  #stay(open: RangeMap<Open>, entry: string): void {
    if (!this.#isLookedAt) return;
    for (const one of open.at(entry)) {
      if (!("isLookedAt" in one.query) || !one.query.isLookedAt(entry)) continue;
      one.isOther = true;
      this.#touched.add(one);
    }
  }

  /** Queries that have too few entries left: they have to be filled before {@link settle}. */
  get short(): readonly { readonly key: string; readonly query: QueryWindow }[] {
    return [...this.#touched].filter(({ query }) => query.isShort) as { key: string; query: QueryWindow }[];
  }

  /** Closes the queries that cannot be filled. Returns their keys. */
  closeTouched(): readonly string[] {
    const keys = [...this.#touched].map(({ key }) => key);
    for (const key of keys) this.close(key);
    return keys;
  }

  /** The queries that show something else since commit `seq`, which has made all changes since the last call. */
  settle(seq: number): readonly (ShownQuery & { readonly before: ShownQuery["value"] })[] {
    const changed: (ShownQuery & { readonly before: ShownQuery["value"] })[] = [];
    for (const one of this.#touched) {
      const { watched } = one.query;
      if (!one.isOther && isSame(one.watched, watched)) continue;
      one.isOther = false;
      const before = one.shown;
      one.watched = watched;
      one.shown = one.query.value;
      one.seq = seq;
      changed.push({ key: one.key, value: one.shown, seq, before });
    }
    this.#touched.clear();
    return changed;
  }

  /** What a query shows now that it was completed. */
  completed(key: string): ShownQuery {
    const found = this.#open.get(key)!;
    found.shown = found.query.value;
    found.watched = found.query.watched;
    return { key, value: found.shown, seq: found.seq };
  }

  /** Notices from now on what changes among the first `count` rows of a query, also in them. */
  extend(key: string, count: number): void {
    this.#isLookedAt = true;
    const found = this.#open.get(key);
    if (!found || !("extend" in found.query)) return;
    found.query.extend(count);
    found.watched = found.query.watched;
  }

  #indexOf({ collection, index }: Pick<QuerySpec, "collection" | "index">): OfIndex {
    const name = `${collection}\x01${indexName(index)}`;
    let found = this.#indexes.get(name);
    if (!found) this.#indexes.set(name, (found = { log: new EntryLog(this.#floor), open: new RangeMap() }));
    return found;
  }
}

function isSame(one: ShownQuery["value"], other: ShownQuery["value"]): boolean {
  if (typeof one === "number" || typeof other === "number") return one === other;
  return one.length === other.length && one.every((id, at) => id === other[at]);
}
