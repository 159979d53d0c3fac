import { isServerKey, serverKey, streamKey } from "../../core/backend/key.ts";
import { KawaError, show } from "../../core/errors/errors.ts";
import { layoutKey, type Sharding } from "../sharding/shard-layout.ts";
import type { LifeRow, Write } from "../wire/protocol.ts";
import { builtIn, definedIn } from "../store/collection-keys.ts";
import { checkGroup } from "../sharding/entity.ts";
import { CopyBatches, type CopyBatchesOptions, type CopyWrite } from "./copy-batches.ts";
import { CopyCollections } from "./copy-collections.ts";
import { type ListedPage, pagesUnder, valuesOf } from "./listed-rows.ts";
import type { ShardRows } from "./shard-actor.ts";
import { shardOf } from "../sharding/shard-of.ts";

/** Everything that is kept: streams begin anew, as after a restart. */
const prefixes: readonly string[] = ["", serverKey("")];

/** What servers keep and find on the first shard, whatever its number. What a later version keeps may belong elsewhere. */
const serverPrefixes: readonly string[] = ["revoked:", "ended:"].map(serverKey);

export type CopyRowsOptions = CopyBatchesOptions & { readonly to: Sharding };

/** Copies the rows of an actor to those of another sharding: first while they change, then what has changed since, behind a fence. */
export class CopyRows {
  readonly #to: Sharding;
  readonly #batches: CopyBatches;
  readonly #collections: CopyCollections;
  /** The numbers of the rows that were copied, by key, of each actor. */
  readonly #copied = new Map<ShardRows, Map<string, number>>();

  constructor({ to, ...options }: CopyRowsOptions) {
    this.#to = to;
    this.#batches = new CopyBatches(options);
    this.#collections = new CopyCollections(to, this.#batches);
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

  /** What {@link copy} has not seen. Nothing changes any more. */
  async copyRest(source: ShardRows): Promise<number> {
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
    }
    for (const key of gone) await this.#put({ key, text: null });
    for await (const [key, text] of valuesOf(source, changed)) await this.#put({ key, text });
    // A list has its members in the order in which they came.
    const inOrder = lives.sort(([, , one], [, , other]) => one - other);
    const ttlOf = new Map(inOrder.map(([key, ttlMs]) => [key, ttlMs]));
    for await (const [key, text] of valuesOf(source, [...ttlOf.keys()])) {
      checkGroup(key, this.#to.by);
      await this.#put({ key, text, ttlMs: ttlOf.get(key) });
    }
    await this.#collections.copyRest(source);
    await this.#batches.flush();
    return count;
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
