import { type Move, OpenWindows, type ShownQuery } from "../../core/collections/open-windows.ts";
import { isQueryKey, querySpec, type QuerySpec } from "../../core/collections/query-key.ts";
import { QueryCount, QueryWindow, wantedCount } from "../../core/collections/query-window.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { Row } from "../wire/protocol.ts";
import { entryIn, entryRange, rowPrefixOf } from "./collection-keys.ts";
import type { CachedRow } from "./row-cache.ts";
import type { StoreTasks } from "./store-tasks.ts";
import type { StoredCollections } from "./stored-collections.ts";

/** How queries have changed with a commit. */
export type Settled = {
  readonly rows: readonly Row[];
  /** Keys of the rows that they show from now on. They are in memory. */
  readonly entered: readonly string[];
};

const nothing: Settled = { rows: [], entered: [] };
/** Entries that are counted at a time: commits go on in between. */
const countedAtOnce = 20_000;

/** The queries that servers show, kept up to date with each commit. */
export class OpenQueries {
  readonly #collections: StoredCollections;
  readonly #tasks: StoreTasks;
  #windows = new OpenWindows();
  /** Encoded values of the queries that are known. */
  readonly #shown = new Map<string, CachedRow>();
  readonly #opening = new Map<string, Promise<void>>();
  /** Queries that were closed, and of which servers were not told yet. */
  #closed: string[] = [];

  constructor(collections: StoredCollections, tasks: StoreTasks) {
    this.#collections = collections;
    this.#tasks = tasks;
  }

  /** Begins anew: what was committed up to `seq` is not known. */
  restore(seq: number): void {
    this.#closed.push(...this.#windows.clear(seq));
    this.#shown.clear();
    this.#windows = new OpenWindows(seq);
  }

  knows(key: string): boolean {
    return this.#shown.has(key);
  }

  get(key: string): CachedRow | undefined {
    return this.#shown.get(key);
  }

  set(key: string, row: CachedRow): void {
    this.#shown.set(key, row);
  }

  /** The commit at which queries were closed last. */
  closedSeq = -1;

  get hasClosed(): boolean {
    return this.#closed.length > 0;
  }

  /** The queries that were closed since the last call. Servers are told with commit `seq`. */
  takeClosed(seq: number): readonly string[] {
    const closed = this.#closed;
    if (closed.length === 0) return closed;
    this.#closed = [];
    this.closedSeq = seq;
    return closed;
  }

  /**
   * Keeps a query up to date from now on.
   *
   * @throws {KawaError} INDEX_MISSING, INDEX_BUILDING
   */
  async open(key: string): Promise<void> {
    if (this.#windows.shown(key) && this.#shown.has(key)) return;
    let opening = this.#opening.get(key);
    if (!opening) {
      opening = this.#open(key).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    await opening;
  }

  async #open(key: string): Promise<void> {
    const spec = await this.#collections.usable(querySpec(key));
    if (spec.kind === "count") return this.#count(key, spec);
    await this.#tasks.add(async () => {
      this.#keep(key, new QueryWindow(spec, await this.#firstEntries(spec)));
      this.#show(this.#windows.shown(key)!);
    });
  }

  /** Counts in parts. What changes meanwhile is counted where it has been counted before. */
  async #count(key: string, spec: QuerySpec): Promise<void> {
    const query = new QueryCount(spec, 0, spec.from);
    let isDone = false;
    while (!isDone) {
      isDone = await this.#tasks.add(async () => {
        if (query.next === spec.from) this.#keep(key, query);
        const range = entryRange(spec, { from: query.next!, to: spec.to });
        const { count, last } = await this.#collections.storage.count({ ...range, limit: countedAtOnce });
        const isAll = last === null || count < countedAtOnce;
        query.countTo(isAll ? undefined : `${entryIn(spec, last)}\x01`, count);
        if (isAll) this.#show(this.#windows.completed(key));
        return isAll;
      });
    }
  }

  /** Ids of the first rows of a query, beyond those that it shows. Changes among them change the query from then on. */
  async look(key: string, count: number): Promise<{ readonly ids: readonly string[]; readonly isWhole: boolean }> {
    const known = this.#window(key)?.known;
    if (known && (known.isWhole || known.ids.length >= count)) {
      this.#windows.extend(key, count);
      return known;
    }
    return this.#tasks.add(async () => {
      const query = this.#window(key);
      if (!query) return { ids: [], isWhole: true };
      query.fill(await this.#entries(query.spec, count), count);
      this.#windows.extend(key, count);
      return query.known;
    });
  }

  /** Keys of the rows that a query shows. */
  rowKeys(key: string): readonly string[] {
    const query = this.#window(key);
    return query ? query.value.map((id) => `${query.spec.collection}:${id}`) : [];
  }

  /** The rows that a query shows, as far as they are in memory. */
  rowsOf(key: string): readonly Row[] {
    return isQueryKey(key) ? this.rowKeys(key).flatMap((row) => this.#collections.cached(row)) : [];
  }

  /** How queries change with a commit. It has happened, and no other one has begun. */
  settle(moves: readonly Move[], seq: number): Settled | Promise<Settled> {
    if (moves.length === 0) return nothing;
    for (const move of moves) this.#windows.change(move, seq);
    return this.#windows.short.length > 0 ? this.#fill().then(() => this.#told(seq)) : this.#told(seq);
  }

  #told(seq: number): Settled | Promise<Settled> {
    // A query that is not counted yet is told when it is.
    const changed = this.#windows.settle(seq).filter(({ key }) => this.#shown.has(key));
    const rows = changed.map(({ key, value }): Row => [key, textOf(key, value), seq]);
    const entered = [...new Set(changed.flatMap(enteredKeys))];
    const settled: Settled = { rows, entered };
    if (entered.every((key) => this.#collections.knows(key))) return settled;
    // Where they cannot be read, servers ask for them.
    return this.#collections.fetch(entered).then(
      () => settled,
      () => settled,
    );
  }

  /** Where the storage does not answer, the queries are closed: whoever shows one asks again. */
  async #fill(): Promise<void> {
    try {
      await Promise.all(
        this.#windows.short.map(async ({ query }) => {
          const wanted = query.count + wantedCount(query.spec);
          query.fill(await this.#entries(query.spec, wanted), wanted);
        }),
      );
    } catch (error) {
      console.error("[kawa] Queries are closed, because the storage did not answer:", error);
      this.#forget(this.#windows.closeTouched());
    }
  }

  /** The entries that a query begins with. The rows that it shows come with them. */
  async #firstEntries(spec: QuerySpec): Promise<readonly string[]> {
    const { collection, index, isDescending, limit: rowCount } = spec;
    if (index.length === 0) return this.#entries(spec, wantedCount(spec));
    const range = { ...entryRange(spec, spec), isDescending, limit: wantedCount(spec) };
    const found = await this.#collections.storage.page({ ...range, rowPrefix: rowPrefixOf(collection), rowCount });
    this.#collections.learn(collection, found.rows);
    return found.keys.map((key) => entryIn(spec, key));
  }

  async #entries(spec: QuerySpec, limit: number): Promise<readonly string[]> {
    const { isDescending } = spec;
    const keys = await this.#collections.storage.keys({ ...entryRange(spec, spec), isDescending, limit });
    return keys.map((key) => entryIn(spec, key));
  }

  #window(key: string): QueryWindow | undefined {
    const query = this.#windows.find(key);
    return query && "known" in query ? query : undefined;
  }

  #keep(key: string, query: QueryWindow | QueryCount): void {
    this.#forget(this.#windows.open(key, query));
  }

  #forget(keys: readonly string[]): void {
    for (const key of keys) this.#shown.delete(key);
    this.#closed.push(...keys);
  }

  #show({ key, value, seq }: ShownQuery): void {
    this.#shown.set(key, { text: textOf(key, value), seq });
  }
}

function textOf(key: string, value: ShownQuery["value"]): string {
  return encodeValue(key, value, Number.POSITIVE_INFINITY);
}

function enteredKeys({ key, value, before }: ShownQuery & { readonly before: ShownQuery["value"] }): string[] {
  if (typeof value === "number" || typeof before === "number") return [];
  const known = new Set(before);
  const { collection } = querySpec(key)!;
  return value.filter((id) => !known.has(id)).map((id) => `${collection}:${id}`);
}
