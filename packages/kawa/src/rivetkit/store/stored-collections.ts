import { entryOf } from "../../core/collections/entries.ts";
import { idIndex, movesOf } from "../../core/collections/moves.ts";
import type { Move } from "../../core/collections/open-windows.ts";
import type { QuerySpec } from "../../core/collections/query-key.ts";
import { rowOf } from "../../core/collections/row-id.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { leaveOut, readNamed } from "../../core/value/unreadable.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { ColdRows, StoredRow } from "../storage/storage.ts";
import type { Check, Row, Write } from "../wire/protocol.ts";
import { type CollectionIndex, DefinedIndexes } from "./defined-indexes.ts";
import {
  builtKey,
  definedIn,
  entryIn,
  entryKey,
  entryRange,
  entryText,
  rowKey,
  signalKeyOf,
} from "./collection-keys.ts";
import { type CachedRow, RowCache } from "./row-cache.ts";

/** What a batch is about. */
export type Needed = { readonly writes: readonly Write[]; readonly checks?: readonly Check[] | undefined };

/** What a commit does to collections. */
export type Collected = {
  /** Rows of signals. */
  readonly hot: readonly Row[];
  /** What the storage keeps of the rows of collections. */
  readonly stored: readonly StoredRow[];
  readonly moves: readonly Move[];
};

const fetchedAtOnce = 200;
const builtText = encodeValue("built", true);

/** The rows of collections and their indexes: in the storage, but for rows that were used lately. */
export class StoredCollections {
  readonly indexes: DefinedIndexes = new DefinedIndexes();
  /** Set while a group of writes is committed. */
  isCommitting = false;
  readonly #cold: ColdRows | undefined;
  #cache = new RowCache(0);

  constructor(cold: ColdRows | undefined) {
    this.#cold = cold;
  }

  /** Begins anew with what was committed up to `seq`. */
  restore(rows: readonly Row[], seq: number): void {
    this.#cache = new RowCache(seq);
    this.indexes.restore(rows);
  }

  get isUsed(): boolean {
    return this.indexes.isUsed;
  }

  /** @throws {KawaError} COLLECTIONS_UNSUPPORTED */
  get storage(): ColdRows {
    if (this.#cold) return this.#cold;
    throw new KawaError(
      "COLLECTIONS_UNSUPPORTED",
      "The storage of this actor keeps no collections. Use the actor's own database, or a storage whose handles have `cold`.",
    );
  }

  isRow(key: string): boolean {
    if (!this.isUsed) return false;
    const row = rowOf(key);
    return row !== undefined && this.indexes.has(row.collection);
  }

  knows(key: string): boolean {
    return this.#cache.has(key);
  }

  get(key: string): CachedRow | undefined {
    return this.#cache.get(key);
  }

  set(key: string, row: CachedRow): void {
    this.#cache.set(key, row);
  }

  /** The row with this key, if it is in memory and has a value. */
  cached(key: string): Row[] {
    const found = this.#cache.get(key);
    return found && found.text !== null ? [[key, found.text, found.seq]] : [];
  }

  /** Reads the rows that batches are about. Resolves with the error where that fails. */
  async fetchNeeded(batches: readonly Needed[]): Promise<unknown> {
    const missing = batches.flatMap((batch) => this.#missingFor(batch));
    return this.fetch(missing).catch((error: unknown) => error);
  }

  /** True for a batch that defines a collection which is not there. */
  definesNew({ writes }: Needed): boolean {
    return writes.some((write) => {
      const defined = "key" in write ? definedIn(write.key) : undefined;
      return defined !== undefined && !this.indexes.has(defined.collection);
    });
  }

  /** True where the rows that a batch is about are in memory. */
  knowsAll(batch: Needed): boolean {
    return !this.isUsed || this.#missingFor(batch).length === 0;
  }

  #missingFor({ writes, checks = [] }: Needed): string[] {
    const keys = [...writes.flatMap((write) => ("key" in write ? write.key : [])), ...checks.map(([key]) => key)];
    return keys.filter((key) => this.isRow(key) && !this.knows(key));
  }

  /** Reads rows from the storage, in order, until they have so many characters. One that is committed meanwhile is newer. */
  async fetch(keys: readonly string[], maxSize: number = Number.POSITIVE_INFINITY): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.knows(key));
    let size = 0;
    for (let at = 0; at < missing.length && size < maxSize; at += fetchedAtOnce)
      size += await this.#fetch(missing.slice(at, at + fetchedAtOnce));
  }

  async #fetch(keys: readonly string[]): Promise<number> {
    const missing = new Map(keys.map((key) => [storedKeyOf(key), key]));
    let size = 0;
    for (const { key: stored, text, seq } of await this.storage.get([...missing.keys()])) {
      const key = missing.get(stored)!;
      missing.delete(stored);
      size += text?.length ?? 0;
      if (!this.knows(key)) this.#cache.set(key, { text, seq });
    }
    for (const key of missing.values()) if (!this.knows(key)) this.#cache.setAbsent(key);
    return size;
  }

  /** Takes over rows that were found in the storage just now. */
  learn(collection: string, rows: readonly StoredRow[]): void {
    for (const { key: stored, text, seq } of rows) {
      const key = signalKeyOf(collection, stored);
      if (!this.knows(key)) this.#cache.set(key, { text, seq });
    }
  }

  endCommit(): void {
    this.isCommitting = false;
    this.trim();
  }

  /** Forgets rows that were used least lately, where they are too many; none while a commit needs them. */
  trim(): void {
    if (!this.isCommitting) this.#cache.trim();
  }

  /** What the storage has to commit for rows. The old ones must be known. */
  collect(rows: readonly Row[], seq: number): Collected {
    const fresh = this.indexes.freshIn(rows);
    if (!this.isUsed && fresh.length === 0) return { hot: rows, stored: [], moves: [] };
    const hot: Row[] = [];
    // A new collection has no rows, so its indexes have all of them.
    const stored: StoredRow[] = fresh.map((of) => ({ key: builtKey(of), text: builtText, seq }));
    const moves: Move[] = [];
    for (const row of rows) {
      if (this.isRow(row[0])) this.#collectRow(row, { stored, moves, seq });
      else hot.push(row);
    }
    return { hot, stored, moves };
  }

  #collectRow([key, text]: Row, to: { stored: StoredRow[]; moves: Move[]; seq: number }): void {
    const { seq } = to;
    const { collection, id } = rowOf(key)!;
    to.stored.push({ key: rowKey(collection, id), text, seq });
    const change = { collection, id, before: this.#valueOf(key, this.get(key)!.text), after: this.#valueOf(key, text) };
    for (const move of movesOf(change, this.indexes.of(collection), { withStays: true })) {
      to.moves.push(move);
      // The index without fields is the rows themselves.
      if (move.index.length === 0 || move.removed === move.added) continue;
      if (move.removed !== undefined) to.stored.push({ key: entryKey(move, move.removed), text: null, seq });
      if (move.added === undefined) continue;
      const entry = entryKey(move, move.added);
      to.stored.push({ key: entry, text: entryText(entry), seq });
    }
  }

  /** What a query asks for, once its index has all rows. @throws {KawaError} INDEX_MISSING, INDEX_BUILDING */
  async usable(spec: QuerySpec | undefined): Promise<QuerySpec> {
    return this.indexes.usable(spec);
  }

  /**
   * The entries of the next rows, as an index that is being built is to have them, and where to go on. No commit may come meanwhile.
   *
   * @param after the entry in the index without fields after which to begin
   */
  async nextEntries(
    of: CollectionIndex,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Promise<{ readonly keys: readonly string[]; readonly last: string | undefined }> {
    const byId = { ...of, index: idIndex };
    const range = entryRange(byId, { from: `${after}\x01`, to: "\x7f" });
    const rows = await this.storage.get(await this.storage.keys({ ...range, isDescending: false, limit }));
    const ids = rows.map(({ key }) => entryIn(byId, key).slice(1));
    const keys = rows.map(({ text }, at) => {
      const value = this.#valueOf(`${of.collection}:${ids[at]}`, text)?.value;
      return entryKey(of, entryOf(of.index, ids[at]!, value));
    });
    return { keys, last: rows.length < limit ? undefined : `:${ids.sort().at(-1)}` };
  }

  /** A value that cannot be read has no fields. */
  #valueOf(key: string, text: string | null): { readonly value: unknown } | undefined {
    if (text === null) return undefined;
    try {
      return { value: readNamed(key, () => decodeValue(text)) };
    } catch (error) {
      if (leaveOut(key, error)) return { value: undefined };
      throw error;
    }
  }
}

function storedKeyOf(key: string): string {
  const { collection, id } = rowOf(key)!;
  return rowKey(collection, id);
}
