import { rowOf } from "../../core/collections/row-id.ts";
import { checkCollection } from "../sharding/entity.ts";
import type { Sharding } from "../sharding/shard-layout.ts";
import { shardOf } from "../sharding/shard-of.ts";
import { builtKey, definedIn, definedKey, definedPrefix, definedText, type IndexOf } from "../store/collection-keys.ts";
import type { CopyBatches } from "./copy-batches.ts";
import { pagesOfCollection, pagesUnder, valuesOf } from "./listed-rows.ts";
import type { ShardRows } from "./shard-actor.ts";

/** So many keys that have changed are kept. Where there are more, all ids are compared. */
const defaultMaxChanged = 100_000;
/** Rows that a comparison has found are copied when they are so many. */
const maxFound = 1_000;
/** An actor remembers 10,000 changed keys. In milliseconds. */
const followMs = 200;

type Source = {
  /** What was written before this commit is copied as it is. */
  since: number;
  /** Commit up to which changes are known. */
  seq: number;
  /** Rows that are to be copied again. */
  changed: Set<string>;
  /** True where changes may be missing: the actor was started again, or they were too many. */
  isLost: boolean;
};

export type CopyCollectionsOptions = {
  readonly to: Sharding;
  readonly batches: CopyBatches;
  /** @default 100_000 */
  readonly maxChanged?: number | undefined;
};

/**
 * Copies the collections of actors: it defines them on their shard while that has none of their rows, so each row comes with its entries in
 * all indexes. Rows are copied in the order of their ids. The keys of those that change meanwhile are only noted, so that writers cannot
 * hold it up, and copied in rounds. A page of rows and these keys are all that is in memory. Where changes are not known any more, the ids
 * and numbers of all rows are compared.
 */
export class CopyCollections {
  readonly #to: Sharding;
  readonly #batches: CopyBatches;
  readonly #maxChanged: number;
  readonly #sources = new Map<ShardRows, Source>();
  /** Keys that define indexes on the targets, by collection. */
  readonly #defined = new Map<string, Set<string>>();
  #followedAt = Number.NEGATIVE_INFINITY;

  constructor({ to, batches, maxChanged = defaultMaxChanged }: CopyCollectionsOptions) {
    this.#to = to;
    this.#batches = batches;
    this.#maxChanged = maxChanged;
  }

  get count(): number {
    return this.#defined.size;
  }

  /** Removes what an earlier copy has left. Definitions go last: without them nobody would find the rows. */
  async clear(target: ShardRows): Promise<void> {
    const remove = (keys: readonly string[]): Promise<void> =>
      this.#batches.write(
        target,
        keys.map((key) => ({ key, text: null })),
      );
    for (const [collection, indexes] of await definitionsIn(target)) {
      for await (const rows of pagesOfCollection(target, collection, false)) await remove(rows.map(([key]) => key));
      await remove(indexes.flatMap((of) => [definedKey(of), builtKey(of)]));
    }
  }

  /**
   * Defines the collections of an actor on their shards, and follows their changes from here on.
   *
   * @throws {KawaError} COLLECTIONS_UNSUPPORTED - the rows of one would be on several shards
   */
  async begin(source: ShardRows): Promise<void> {
    const { seq } = await source.read([]);
    this.#sources.set(source, { since: seq, seq, changed: new Set(), isLost: false });
    await this.#define(source);
  }

  async copy(source: ShardRows): Promise<void> {
    for (const collection of await this.#define(source)) {
      for await (const rows of pagesOfCollection(source, collection, true)) {
        for (const [key, text] of rows) await this.#put(key, text);
        await this.follow();
      }
    }
  }

  /** How many rows have changed since they were copied; infinite where that is not known. */
  async changedCount(source: ShardRows): Promise<number> {
    await this.#follow(source);
    const { isLost, changed } = this.#sources.get(source)!;
    return isLost ? Number.POSITIVE_INFINITY : changed.size;
  }

  /** What has changed up to now since it was copied. What changes meanwhile is left. */
  async copyChanged(source: ShardRows): Promise<void> {
    const state = this.#sources.get(source)!;
    await this.#define(source);
    await this.#follow(source);
    if (state.isLost) return this.#compare(source);
    const keys = [...state.changed];
    state.changed = new Set();
    await this.#copyRows(source, keys);
  }

  /** Has to be called now and then, so that changes of no actor are missed. */
  async follow(): Promise<void> {
    if (performance.now() - this.#followedAt < followMs) return;
    for (const source of this.#sources.keys()) await this.#follow(source);
    this.#followedAt = performance.now();
  }

  async #follow(source: ShardRows): Promise<void> {
    const state = this.#sources.get(source)!;
    const { seq, keys } = await source.changed(state.seq);
    state.seq = seq;
    state.isLost ||= keys === null;
    for (const key of keys ?? []) state.changed.add(key);
    state.isLost ||= state.changed.size > this.#maxChanged;
    // A comparison finds them.
    if (state.isLost) state.changed = new Set();
  }

  async #copyRows(source: ShardRows, keys: readonly string[]): Promise<void> {
    // Servers may have begun to use a collection. Before it is defined, its rows would be signals.
    if (keys.some((key) => !this.#defined.has(rowOf(key)!.collection))) await this.#define(source);
    for await (const rows of valuesOf(source, keys)) {
      for (const [key, text] of rows) await this.#put(key, text);
      await this.follow();
    }
  }

  /** Finds and copies what was written since the copy began, or the last comparison, and what is gone. */
  async #compare(source: ShardRows): Promise<void> {
    const state = this.#sources.get(source)!;
    const { since } = state;
    const { seq } = await source.read([]);
    Object.assign(state, { since: seq, seq, changed: new Set(), isLost: false });
    let found: string[] = [];
    const find = async (key: string): Promise<void> => {
      found.push(key);
      if (found.length < maxFound) return;
      await this.#copyRows(source, found);
      found = [];
    };
    for (const collection of await this.#define(source)) {
      const copied = keysOf(this.#batches.targets[this.#homeOf(collection)]!, collection);
      let next = await copied.next();
      for await (const rows of pagesOfCollection(source, collection, false)) {
        for (const [key, , writtenAt] of rows) {
          for (; !next.done && next.value < key; next = await copied.next()) await find(next.value);
          if (!next.done && next.value === key) next = await copied.next();
          if (writtenAt > since) await find(key);
        }
        await this.follow();
      }
      for (; !next.done; next = await copied.next()) await find(next.value);
    }
    await this.#copyRows(source, found);
  }

  /** Returns the collections of an actor, which are known to the targets then. */
  async #define(source: ShardRows): Promise<readonly string[]> {
    const all = await definitionsIn(source);
    // A commit that defines a collection must have none of its rows.
    await this.#batches.flush();
    for (const [collection, indexes] of all) {
      checkCollection(collection, this.#to.by);
      const known = this.#defined.get(collection) ?? new Set();
      const added = indexes.map(definedKey).filter((key) => !known.has(key));
      this.#defined.set(collection, new Set([...known, ...added]));
      // Together: the indexes of a collection that begins have all rows.
      if (added.length > 0)
        await this.#batches.put(this.#homeOf(collection), ...added.map((key) => ({ key, text: definedText })));
    }
    await this.#batches.flush();
    return [...all.keys()];
  }

  async #put(key: string, text: string | null): Promise<void> {
    await this.#batches.put(shardOf(key, this.#to), { key, text });
  }

  #homeOf(collection: string): number {
    return shardOf(`${collection}:x`, this.#to);
  }
}

async function definitionsIn(source: ShardRows): Promise<ReadonlyMap<string, readonly IndexOf[]>> {
  const all: IndexOf[] = [];
  for await (const { rows } of pagesUnder(source, definedPrefix, false))
    all.push(...rows.flatMap(([key]) => definedIn(key) ?? []));
  return Map.groupBy(all, ({ collection }) => collection);
}

async function* keysOf(source: ShardRows, collection: string): AsyncGenerator<string, undefined> {
  for await (const rows of pagesOfCollection(source, collection, false)) for (const [key] of rows) yield key;
}
