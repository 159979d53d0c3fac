import { randomUUID } from "node:crypto";
import {
  incomplete,
  isSameSharding,
  layoutWrite,
  passOf,
  type ShardCopy,
  type Sharding,
  type ShardLayout,
  type StoredLayout,
  unsharded,
} from "../sharding/shard-layout.ts";
import { shardName } from "../sharding/shard-name.ts";
import { beatingRows } from "./beating-rows.ts";
import { CopyRows } from "./copy-rows.ts";
import { copiedByAnother, goneMs, onlyShardBy } from "./reshard-errors.ts";
import type { ShardRows } from "./shard-actor.ts";

/** Who copies says so this often, in milliseconds, and counts as gone when it was silent for {@link goneMs}. */
const beatMs = 10_000;

export type ReshardOptions = {
  /** Id of the backend's actor, such as `global`. */
  readonly whole: string;
  readonly to: Sharding;
  /** Reaches an actor by its id. */
  readonly open: (actorId: string) => ShardRows;
  readonly onStep?: ((text: string) => void) | undefined;
  /** Gives up before the copy counts. */
  readonly signal?: AbortSignal | undefined;
  /** @default Date.now */
  readonly now?: (() => number) | undefined;
  /** So many changed rows are kept of each actor. @default 100_000 */
  readonly maxChanged?: number | undefined;
};

export type Resharded = {
  readonly from: Sharding;
  /** Keys that were copied, beside rows of collections. */
  readonly keyCount: number;
  readonly collectionCount: number;
  /** How long writes have waited, in milliseconds. */
  readonly fencedMs: number;
};

/**
 * Copies the values of a backend to another number of shards, while servers use it. Their writes wait behind a fence while the last changes
 * are copied; then the new number counts, and servers that were started with another one are refused. A copy that was cut off is made anew
 * by the next call, or finished where it counts already.
 *
 *     counts: from ── fence ──▶ counts: from, writes wait ── flip ──▶ counts: to ── the actors of both are told ──▶ done
 *               ▲                 │
 *               └── given up ◀────┘
 *
 * @throws {KawaError} SHARDS_MISMATCH - another process copies
 * @throws {KawaError} COLLECTIONS_UNSUPPORTED - the rows of a collection would be on several shards
 * @throws {KawaError} OPTION_INVALID - only `shardBy` would change
 */
export async function reshard(options: ReshardOptions): Promise<Resharded | undefined> {
  const opened = new Map<string, ShardRows>();
  const open = (actorId: string): ShardRows => {
    const actor = opened.get(actorId) ?? options.open(actorId);
    opened.set(actorId, actor);
    return actor;
  };
  try {
    return await new Reshard({ ...options, open }).run();
  } finally {
    for (const actor of opened.values()) actor.close();
  }
}

class Reshard {
  readonly #options: ReshardOptions;
  readonly #root: ShardRows;
  readonly #id = randomUUID();
  #stored: StoredLayout = { layout: undefined, seq: 0 };
  #beatAt = 0;
  #beating: Promise<void> | undefined;
  /** See {@link ShardLayout.turn}. */
  #turn = 0;
  /** Set when everything is copied: from then on the copy may count. */
  #result: Resharded | undefined;

  constructor(options: ReshardOptions) {
    this.#options = options;
    this.#root = options.open(options.whole);
  }

  async run(): Promise<Resharded | undefined> {
    const { to } = this.#options;
    this.#stored = await this.#root.layout();
    const { copy, was, shards, by, turn = 0 }: ShardLayout = this.#stored.layout ?? unsharded;
    const from: Sharding = { shards, by };
    this.#turn = turn;
    if (was) {
      this.#tell(`Finishing the copy from ${was.shards} to ${from.shards}.`);
      await this.#finish(was, from);
    }
    const isSame = isSameSharding(from, to);
    if (!isSame && from.shards === to.shards) throw onlyShardBy(to);
    if (!isSame && copy && this.#now() - copy.at < goneMs) throw copiedByAnother(copy);
    // Writes may wait behind the fence of a copy that was cut off.
    if (copy) await this.#giveUp(from);
    if (isSame) return undefined;
    await this.#begin({ ...from, copy: this.#copy() });
    try {
      return await this.#copyAll(from);
    } catch (error) {
      this.#stored = await this.#root.layout();
      if (this.#layout.turn !== this.#turn) throw error;
      // Another process may have finished it meanwhile.
      if (this.#result && isSameSharding(this.#layout, to)) {
        if (this.#layout.was) await this.#finish(from, to);
        return this.#result;
      }
      if (this.#layout.copy?.id === this.#id) await this.#giveUp(from);
      throw error;
    }
  }

  async #copyAll(from: Sharding): Promise<Resharded> {
    const { to, signal, maxChanged } = this.#options;
    const beat = async (): Promise<void> => {
      signal?.throwIfAborted();
      await this.#beat();
    };
    const beating = (actors: readonly ShardRows[]): ShardRows[] => actors.map((actor) => beatingRows(actor, beat));
    const sources = beating(this.#actorsOf(from));
    const rows = new CopyRows({ to, targets: beating(this.#actorsOf(to)), pass: passOf(this.#turn), maxChanged });
    await this.#setAllApart(this.#apart(to), { ...to, shards: incomplete });
    await rows.clear();
    for (const source of sources) await rows.begin(source);
    for (const [index, source] of sources.entries()) {
      this.#tell(`Copying shard ${index + 1} of ${from.shards}.`);
      await rows.copy(source);
    }
    this.#tell("Copying what has changed meanwhile.");
    await rows.catchUp();
    this.#tell("Writes wait while the last changes are copied.");
    const fencedAt = performance.now();
    if (from.shards === 1) await this.#setRoot({ ...this.#layout, isFenced: true });
    await this.#setAllApart(this.#apart(from), { ...from, isFenced: true });
    let keyCount = 0;
    for (const source of sources) keyCount += await rows.copyRest(source);
    signal?.throwIfAborted();
    const { collectionCount } = rows;
    this.#result = { from, keyCount, collectionCount, fencedMs: performance.now() - fencedAt };
    await this.#setRoot({ ...to, was: from });
    await this.#finish(from, to);
    return this.#result;
  }

  /** The copy counts: its actors serve, and those before refuse. */
  async #finish(from: Sharding, to: Sharding): Promise<void> {
    await this.#setAllApart(this.#apart(to), to);
    await this.#setAllApart(this.#apart(from), to);
    await this.#setRoot({ ...to });
  }

  /**
   * All goes on as before. What the copy that is given up still asks for is refused from the first step on. It stays noted until its fences
   * are down: who is cut off here leaves them to the next one. Actors that hold a part of it may be out of reach: where they live, servers
   * see to them (`left-copies`).
   */
  async #giveUp(from: Sharding): Promise<void> {
    await this.#begin({ ...from, copy: this.#layout.copy });
    await this.#setAllApart(this.#apart(from), from);
    await this.#setRoot({ ...from });
    this.#tell("The copy was given up; writes go on.");
  }

  get #layout(): ShardLayout {
    return this.#stored.layout!;
  }

  #copy(): ShardCopy {
    return { id: this.#id, to: this.#options.to, at: this.#now() };
  }

  /** Says that this process is at work, if that is due: each time the layout is stored, servers hear of it. */
  async #beat(): Promise<void> {
    if (performance.now() - this.#beatAt <= beatMs) return;
    const isOwn = this.#layout.copy?.id === this.#id;
    // Of several at once, all but one would find that another has changed it.
    this.#beating ??= this.#setRoot(isOwn ? { ...this.#layout, copy: this.#copy() } : this.#layout).finally(() => {
      this.#beating = undefined;
    });
    await this.#beating;
  }

  /** Begins the next turn. */
  async #begin(layout: ShardLayout): Promise<void> {
    this.#turn += 1;
    await this.#setRoot(layout);
  }

  /** @throws {KawaError} SHARDS_MISMATCH - somebody else has changed it */
  async #setRoot(layout: ShardLayout): Promise<void> {
    const stored = await this.#root.setLayout({ ...layout, turn: this.#turn }, this.#stored);
    if (!stored) throw copiedByAnother((await this.#root.layout()).layout?.copy);
    this.#stored = stored;
    this.#beatAt = performance.now();
  }

  /** At once: the first one may be a fence, behind which writes wait until the last one is up. When it is over nothing is on the way. */
  async #setAllApart(actors: readonly ShardRows[], layout: ShardLayout): Promise<void> {
    const all = await Promise.allSettled(actors.map((actor) => this.#setApart(actor, layout)));
    for (const one of all) if (one.status === "rejected") throw one.reason;
  }

  /** @throws {KawaError} SHARDS_MISMATCH - a later copy has been here */
  async #setApart(actor: ShardRows, layout: ShardLayout): Promise<void> {
    for (;;) {
      await this.#beat();
      const stored = await actor.layout();
      if ((stored.layout?.turn ?? 0) > this.#turn) throw copiedByAnother(undefined);
      await this.#beat();
      const { conflicts } = await actor.write([layoutWrite({ ...layout, turn: this.#turn }, stored)]);
      if (conflicts.length === 0) return;
    }
  }

  #actorsOf({ shards }: Sharding): ShardRows[] {
    const { whole, open } = this.#options;
    return Array.from({ length: shards }, (_, index) => open(shardName({ whole, index, shards })));
  }

  /** The actors of a sharding, without the root: it has its own layout. */
  #apart(sharding: Sharding): ShardRows[] {
    return this.#actorsOf(sharding).filter((actor) => actor !== this.#root);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #tell(text: string): void {
    this.#options.onStep?.(text);
  }
}
