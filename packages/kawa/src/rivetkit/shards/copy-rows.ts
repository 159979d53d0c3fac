import { isServerKey, serverKey, streamKey } from "../../core/backend/key.ts";
import { KawaError, show } from "../../core/errors/errors.ts";
import { layoutKey, type Sharding } from "../sharding/shard-layout.ts";
import type { LifeRow, Write } from "../wire/protocol.ts";
import { builtIn, definedIn } from "../store/collection-keys.ts";
import { checkGroup } from "../sharding/entity.ts";
import { CopyBatches, type CopyBatchesOptions, type CopyWrite } from "./copy-batches.ts";
import { CopyCollections, type CopyCollectionsOptions } from "./copy-collections.ts";
import { type ListedPage, pagesUnder, valuesOf } from "./listed-rows.ts";
import type { ShardRows } from "./shard-actor.ts";
import { shardOf } from "../sharding/shard-of.ts";

/** Everything that is kept: streams begin anew, as after a restart. */
const prefixes: readonly string[] = ["", serverKey("")];

/** What servers keep and find on the first shard, whatever its number. What a later version keeps may belong elsewhere. */
const serverPrefixes: readonly string[] = ["revoked:", "ended:"].map(serverKey);

/** So many keys may be left for the fence. */
const maxRest = 100;
/** Most rounds before the fence is put up. */
const maxRounds = 5;
/** Most of them in which rows are compared, for changes were lost: they will be again, and each comparison gives servers more time. */
const maxComparisons = 2;

/** Signals of an actor that are others than those that were copied, without ephemeral ones. */
type ChangedSignals = {
  readonly gone: readonly string[];
  readonly changed: readonly string[];
  readonly lives: readonly LifeRow[];
  /** How many keys the actor has. */
  readonly count: number;
};

export type CopyRowsOptions = CopyBatchesOptions & Omit<CopyCollectionsOptions, "batches">;

/**
 * Copies the rows of actors to those of another sharding: first all of them while they change, then in rounds what has changed since, and the
 * last of it behind a fence. However fast servers write, each step ends: it copies what was there when it began.
 */
export class CopyRows {
  readonly #to: Sharding;
  readonly #batches: CopyBatches;
  readonly #collections: CopyCollections;
  /** The numbers of the rows that were copied, by key, of each actor. */
  readonly #copied = new Map<ShardRows, Map<string, number>>();

  constructor({ to, maxChanged, ...options }: CopyRowsOptions) {
    this.#to = to;
    const batches = new CopyBatches(options);
    this.#batches = batches;
    this.#collections = new CopyCollections({ to, batches, maxChanged });
  }

  /** How many collections were copied. */
  get collectionCount(): number {
    return this.#collections.count;
  }

  /** Empties the targets: an earlier copy may have been given up. */
  async clear(): Promise<void> {
    const clears = [...prefixes, streamKey("")].map((clear): Write => ({ clear, except: [layoutKey] }));
    for (const target of this.#batches.targets) {
      await this.#collections.clear(target);
      await this.#batches.write(target, clears);
    }
  }

  /**
   * Has to be called for all actors, before the first one is copied.
   *
   * @throws {KawaError} COLLECTIONS_UNSUPPORTED - the rows of a collection would be on several shards
   */
  async begin(source: ShardRows): Promise<void> {
    await this.#collections.begin(source);
  }

  /** Ephemeral values wait for {@link copyRest}, which keeps their order. */
  async copy(source: ShardRows): Promise<void> {
    const copied = new Map<string, number>();
    this.#copied.set(source, copied);
    for await (const { rows, lives } of pagesOf(source, true)) {
      const ephemeral = new Set(lives.map(([key]) => key));
      for (const [key, text, seq] of rows) {
        if (ephemeral.has(key)) continue;
        copied.set(key, seq);
        await this.#put({ key, text });
      }
      await this.#collections.follow();
    }
    await this.#collections.copy(source);
    await this.#batches.flush();
  }

  /**
   * Copies what has changed since {@link copy}, in rounds. Each is smaller than the one before: where servers change keys as fast as they are
   * copied, another round would leave no less.
   */
  async catchUp(): Promise<void> {
    let before = this.#batches.count;
    let comparisons = 0;
    for (let round = 0; round < maxRounds; round += 1) {
      const signals = new Map<ShardRows, ChangedSignals>();
      for (const source of this.#copied.keys()) signals.set(source, await this.#changedIn(source));
      let count = signals.values().reduce((sum, { gone, changed }) => sum + gone.length + changed.length, 0);
      for (const source of signals.keys()) count += await this.#collections.changedCount(source);
      const isLost = count === Number.POSITIVE_INFINITY;
      if (isLost) comparisons += 1;
      const helps = isLost ? comparisons <= maxComparisons : count > maxRest && count < before;
      if (!helps) return;
      for (const [source, found] of signals) {
        await this.#copySignals(source, found);
        await this.#collections.copyChanged(source);
      }
      await this.#batches.flush();
      before = count;
    }
  }

  /** What has changed since the last round, and ephemeral values. Nothing changes any more. Returns how many keys the actor has. */
  async copyRest(source: ShardRows): Promise<number> {
    const found = await this.#changedIn(source);
    await this.#copySignals(source, found);
    // A list has its members in the order in which they came.
    const inOrder = [...found.lives].sort(([, , one], [, , other]) => one - other);
    const ttlOf = new Map(inOrder.map(([key, ttlMs]) => [key, ttlMs]));
    for await (const rows of valuesOf(source, [...ttlOf.keys()])) {
      for (const [key, text] of rows) {
        checkGroup(key, this.#to.by);
        await this.#put({ key, text, ttlMs: ttlOf.get(key) });
      }
    }
    await this.#collections.copyChanged(source);
    await this.#batches.flush();
    return found.count;
  }

  async #changedIn(source: ShardRows): Promise<ChangedSignals> {
    const copied = this.#copied.get(source)!;
    const gone = new Set(copied.keys());
    const changed: string[] = [];
    const lives: LifeRow[] = [];
    let count = 0;
    for await (const page of pagesOf(source, false)) {
      const ephemeral = new Set(page.lives.map(([key]) => key));
      lives.push(...page.lives);
      count += page.rows.length;
      for (const [key, , seq] of page.rows) {
        gone.delete(key);
        if (!ephemeral.has(key) && copied.get(key) !== seq) changed.push(key);
      }
      await this.#collections.follow();
    }
    return { gone: [...gone], changed, lives, count };
  }

  /** What changes meanwhile is found again. */
  async #copySignals(source: ShardRows, { gone, changed }: ChangedSignals): Promise<void> {
    const copied = this.#copied.get(source)!;
    for (const key of gone) {
      copied.delete(key);
      await this.#put({ key, text: null });
    }
    for await (const rows of valuesOf(source, changed)) {
      for (const [key, text, seq] of rows) {
        if (text === null) copied.delete(key);
        else copied.set(key, seq);
        await this.#put({ key, text });
      }
      await this.#collections.follow();
    }
  }

  async #put(write: CopyWrite): Promise<void> {
    if (isServerKey(write.key) && !serverPrefixes.some((prefix) => write.key.startsWith(prefix)))
      throw new KawaError(
        "OPTION_INVALID",
        `This version of Kawa cannot copy what is stored under ${show(write.key)}.`,
      );
    await this.#batches.put(shardOf(write.key, this.#to), write);
  }
}

/** Without what concerns the actor alone, and collections. */
async function* pagesOf(source: ShardRows, withValues: boolean): AsyncGenerator<ListedPage> {
  for (const prefix of prefixes)
    for await (const { rows, lives } of pagesUnder(source, prefix, withValues))
      yield { rows: rows.filter(([key]) => !isOwn(key)), lives };
}

function isOwn(key: string): boolean {
  return key === layoutKey || definedIn(key) !== undefined || builtIn(key) !== undefined;
}
