import { type IndexFields, indexName } from "../../core/collections/entries.ts";
import { indexMissing } from "../../core/collections/index-missing.ts";
import { idIndex } from "../../core/collections/moves.ts";
import type { QuerySpec } from "../../core/collections/query-key.ts";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import { type Deferred, deferred } from "../wire/deferred.ts";
import type { Row } from "../wire/protocol.ts";
import { builtIn, definedIn, type IndexOf } from "./collection-keys.ts";

export type CollectionIndex = IndexOf & {
  /** Pending while rows that were there before the index may have no entry. */
  readonly built: Deferred<void>;
  /** How many rows have an entry, while it is built. */
  builtCount: number;
};

/** A reader waits for so long for an index that is being built: that of a small collection is there by then. */
const patienceMs = 1_000;

/** The collections that servers have defined, and their indexes. Keys of signals say which. */
export class DefinedIndexes {
  readonly #indexes = new Map<string, Map<string, CollectionIndex>>();

  get isUsed(): boolean {
    return this.#indexes.size > 0;
  }

  has(collection: string): boolean {
    return this.#indexes.has(collection);
  }

  /** The indexes of a collection, also those that do not have all rows yet. */
  of(collection: string): readonly IndexFields[] {
    return [...this.#indexes.get(collection)!.values()].map(({ index }) => index);
  }

  /** Indexes that do not have all rows yet. */
  get unbuilt(): readonly CollectionIndex[] {
    return [...this.#indexes.values()].flatMap((all) => [...all.values()].filter(({ built }) => !built.isSettled));
  }

  restore(rows: readonly Row[]): void {
    for (const [key, text] of rows) if (text !== null) this.#add(definedIn(key), false);
    for (const [key, text] of rows) if (text !== null) this.#setBuilt(key);
  }

  /** The indexes with fields among the rows of a commit whose collections are new. */
  freshIn(rows: readonly Row[]): readonly IndexOf[] {
    return rows.flatMap(([key, text]) => {
      const defined = text === null ? undefined : definedIn(key);
      return defined && defined.index.length > 0 && !this.has(defined.collection) ? defined : [];
    });
  }

  /** Takes over what was committed. True where indexes were defined. */
  apply(rows: readonly Row[]): boolean {
    const known = new Set(this.#indexes.keys());
    let hasChanged = false;
    for (const [key, text] of rows) {
      const defined = definedIn(key);
      if (text === null) {
        // A copy removes a collection whole, after its rows.
        if (defined) this.#indexes.delete(defined.collection);
        continue;
      }
      this.#add(defined, defined !== undefined && !known.has(defined.collection));
      this.#setBuilt(key);
      hasChanged ||= defined !== undefined;
    }
    return hasChanged;
  }

  /** @throws {KawaError} INDEX_MISSING, INDEX_BUILDING */
  async usable(spec: QuerySpec | undefined): Promise<QuerySpec> {
    const index = spec && this.#indexes.get(spec.collection)?.get(indexName(spec.index));
    if (!index) throw indexMissing(spec?.collection ?? "", spec?.index ?? idIndex);
    if (!index.built.isSettled)
      await withTimeout(index.built.promise, patienceMs, () => {
        throw indexBuilding(index);
      });
    return spec;
  }

  #add(of: IndexOf | undefined, isBuilt: boolean): void {
    if (!of) return;
    const all = this.#indexes.get(of.collection) ?? new Map<string, CollectionIndex>();
    this.#indexes.set(of.collection, all);
    for (const index of [idIndex, of.index]) {
      if (all.has(indexName(index))) continue;
      const added: CollectionIndex = { ...of, index, built: deferred(), builtCount: 0 };
      if (isBuilt || index.length === 0) added.built.resolve();
      all.set(indexName(index), added);
    }
  }

  #setBuilt(key: string): void {
    const built = builtIn(key);
    if (built) this.#indexes.get(built.collection)?.get(indexName(built.index))?.built.resolve();
  }
}

function indexBuilding({ collection, index, builtCount }: CollectionIndex): KawaError {
  return new KawaError(
    "INDEX_BUILDING",
    `The index of ${indexName(index)} of "${clip(collection)}" is being built: ${builtCount} rows are in it. Ask again later.`,
    { data: { collection, index, builtCount, retryAfterMs: 1_000 } },
  );
}
