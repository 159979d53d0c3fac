import { type Entry, unknownEntry } from "../backend/backend.ts";
import type { HeldCells } from "../backend/held-cells.ts";
import type { ReadonlyCell } from "../process/reactive.ts";
import { createPresentEntry } from "../backend/entry.ts";
import { definedFor } from "../collections/known-collections.ts";
import { entryOf, type IndexFields, indexName } from "../collections/entries.ts";
import { idIndex, movesOf } from "../collections/moves.ts";
import { OpenWindows, type OpenQuery } from "../collections/open-windows.ts";
import { QueryCount, QueryWindow, wantedCount } from "../collections/query-window.ts";
import { insertionPoint } from "../collections/ranges.ts";
import { isQueryKey, type QuerySpec, querySpec } from "../collections/query-key.ts";
import { rowOf } from "../collections/row-id.ts";
import { encodeValue } from "../value/value.ts";
import { indexMissing } from "../collections/index-missing.ts";

export type MemoryCollectionsOptions = {
  readonly entryOf: (key: string) => Entry;
  readonly keys: () => Iterable<string>;
};

type Index = { readonly fields: IndexFields; readonly entries: string[] };

/** The rows of collections in the order of their indexes, in memory, and the queries over them. */
export class MemoryCollections {
  readonly #options: MemoryCollectionsOptions;
  /** Indexes that somebody has asked for, by collection and name. */
  readonly #indexes = new Map<string, Map<string, Index>>();
  readonly #windows = new OpenWindows();

  constructor(options: MemoryCollectionsOptions) {
    this.#options = options;
  }

  /** The cell of a key. A query is computed when it is first read, and kept up to date from then on. */
  cellOf(key: string, cells: HeldCells): ReadonlyCell<Entry> {
    const known = isQueryKey(key) ? cells.peek(key)?.state : "present";
    const query = known === "present" ? undefined : this.query(key);
    if (!query) return cells.get(key);
    for (const closed of query.closed) cells.set(closed, unknownEntry);
    cells.set(key, query.entry);
    return cells.get(key);
  }

  /** What a query shows, with the queries that are closed for it; undefined for a key that is none. @throws {KawaError} INDEX_MISSING */
  query(key: string): { readonly entry: Entry; readonly closed: readonly string[] } | undefined {
    const spec = querySpec(key);
    if (!spec) return undefined;
    const closed = this.#windows.find(key) ? [] : this.#windows.open(key, this.#start(spec));
    const { value, seq } = this.#windows.shown(key)!;
    return { entry: shownEntry(key, value, seq), closed };
  }

  /** Has to be called before rows change. Returns the entries of the queries that change with them in commit `seq`. */
  change(entries: ReadonlyMap<string, Entry>, seq: number): ReadonlyMap<string, Entry> {
    if (this.#indexes.size === 0) return new Map();
    for (const [key, after] of entries) this.#move(key, after, seq);
    for (const { query } of this.#windows.short) query.fill(this.#scan(query.spec, query.count), query.count);
    return new Map(this.#windows.settle(seq).map(({ key, value }) => [key, shownEntry(key, value, seq)]));
  }

  #move(key: string, entry: Entry, seq: number): void {
    const row = rowOf(key);
    const indexes = row && this.#indexes.get(row.collection);
    if (!indexes) return;
    const change = { ...row, before: present(this.#options.entryOf(key)), after: present(entry) };
    for (const move of movesOf(
      change,
      [...indexes.values()].map(({ fields }) => fields),
    )) {
      const { entries } = indexes.get(indexName(move.index))!;
      if (move.removed !== undefined) entries.splice(insertionPoint(entries, move.removed), 1);
      if (move.added !== undefined) entries.splice(insertionPoint(entries, move.added), 0, move.added);
      this.#windows.change(move, seq);
    }
  }

  #start(spec: QuerySpec): OpenQuery {
    if (spec.kind === "rows") return new QueryWindow(spec, this.#scan(spec, wantedCount(spec)));
    const { entries } = this.#indexOf(spec);
    return new QueryCount(spec, Math.max(0, insertionPoint(entries, spec.to) - insertionPoint(entries, spec.from)));
  }

  #scan(spec: QuerySpec, count: number): readonly string[] {
    const { entries } = this.#indexOf(spec);
    const [from, to] = [insertionPoint(entries, spec.from), insertionPoint(entries, spec.to)];
    if (!spec.isDescending) return entries.slice(from, Math.min(to, from + count));
    return entries.slice(Math.max(from, to - count), to).reverse();
  }

  #indexOf({ collection, index: fields }: QuerySpec): Index {
    const name = indexName(fields);
    const ofCollection = this.#indexes.get(collection) ?? new Map<string, Index>();
    let index = ofCollection.get(name);
    if (!index) {
      const defined = definedFor(`${collection}:any`)?.indexes;
      if (fields.length > idIndex.length && !defined?.has(name)) throw indexMissing(collection, fields);
      index = { fields, entries: this.#sorted(collection, fields) };
      this.#indexes.set(collection, ofCollection.set(name, index));
    }
    return index;
  }

  #sorted(collection: string, fields: IndexFields): string[] {
    const entries: string[] = [];
    for (const key of this.#options.keys()) {
      const row = rowOf(key);
      const found = row?.collection === collection ? present(this.#options.entryOf(key)) : undefined;
      if (found) entries.push(entryOf(fields, row!.id, found.value));
    }
    return entries.sort();
  }
}

function present(entry: Entry): { readonly value: unknown } | undefined {
  return entry.state === "present" ? entry : undefined;
}

function shownEntry(key: string, value: unknown, seq: number): Entry {
  return createPresentEntry(seq, encodeValue(key, value));
}
