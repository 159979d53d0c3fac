import type {
  Backend,
  BackendStatus,
  Change,
  Context,
  Entry,
  OperationOptions,
  Reader,
  Snapshot,
} from "../../core/backend/backend.ts";
import { streamKey } from "../../core/backend/key.ts";
import { KawaError } from "../../core/errors/errors.ts";
import type { ReadonlyCell } from "../../core/process/reactive.ts";
import type { Version } from "../../core/value/version.ts";
import type { GetContext } from "../identity/context.ts";
import type { RivetBackend } from "../replica/rivet-backend.ts";
import type { Sharding } from "../sharding/shard-layout.ts";
import { entityUnder } from "../sharding/entity.ts";
import { shardOf } from "../sharding/shard-of.ts";
import { ShardedSnapshot } from "./sharded-snapshot.ts";

const maxKnownKeys = 20_000;

export type ShardedBackendOptions = {
  readonly id: string;
  readonly sharding: Sharding;
  /** Makes the shard with this index. */
  readonly createShard: (index: number, partOf: Backend) => RivetBackend;
};

/**
 * One backend over several actors. Each shard is a backend by itself, with its own history, and a signal reads and writes in that of its key;
 * so whatever is kept for each backend is kept for each shard. What names no key, or many, is asked here.
 */
export class ShardedBackend implements Backend {
  readonly id: string;
  readonly sharding: Sharding;
  readonly shards: readonly RivetBackend[];
  readonly streams: Backend["streams"];
  /** Shards by key: a page may ask for thousands. */
  readonly #known = new Map<string, RivetBackend>();

  constructor({ id, sharding, createShard }: ShardedBackendOptions) {
    this.id = id;
    this.sharding = sharding;
    this.shards = Array.from({ length: sharding.shards }, (_, index) => createShard(index, this));
    const byShard = (scopes: readonly string[]): [Backend, string[]][] => [
      ...Map.groupBy(scopes, (scope) => this.shardOf(streamKey(scope))),
    ];
    this.streams = {
      register: async (scopes) => {
        if (scopes.length === 0) return new Set();
        const produced = byShard(scopes).map(([shard, own]) => shard.streams.register(own));
        return new Set((await Promise.all(produced)).flatMap((own) => [...own]));
      },
      unregister: async (scopes) =>
        void (await Promise.all(byShard(scopes).map(([shard, own]) => shard.streams.unregister(own)))),
    };
  }

  set getContext(getContext: GetContext | undefined) {
    for (const shard of this.shards) shard.getContext = getContext;
  }

  shardOf(key: string): RivetBackend {
    let shard = this.#known.get(key);
    if (shard) return shard;
    shard = this.shards[shardOf(key, this.sharding)]!;
    if (this.#known.size >= maxKnownKeys) this.#known.clear();
    this.#known.set(key, shard);
    return shard;
  }

  /** It grows with each change, and is not told to browsers: what they are told are the versions of shards. */
  get version(): Version {
    const versions = this.shards.map(({ version }) => version);
    if (versions.some(({ epoch }) => epoch === "")) return { epoch: "", seq: 0 };
    const seq = versions.reduce((sum, { seq: own }) => sum + own, 0);
    return { epoch: versions.map(({ epoch }) => epoch).join("."), seq };
  }

  get status(): BackendStatus {
    const all = new Set(this.shards.map(({ status }) => status));
    for (const status of ["closed", "connecting"] as const) if (all.has(status)) return status;
    return all.has("connected") ? "connected" : "idle";
  }

  get isCut(): boolean {
    return this.shards.some(({ isCut }) => isCut);
  }

  /** Of the shard that this process knows worst; one that rests is shown to nobody. */
  get ageMs(): number {
    const used = this.shards.filter(({ status }) => status !== "idle").map(({ ageMs }) => ageMs);
    return used.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...used);
  }

  get isGuarded(): boolean {
    return this.shards.some(({ isGuarded }) => isGuarded);
  }

  get isGuardedForBrowsers(): boolean {
    return this.shards.some(({ isGuardedForBrowsers }) => isGuardedForBrowsers);
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.shardOf(key).entry(key);
  }

  /** With no keys: resolves when all shards are connected. */
  async load(keys: readonly string[]): Promise<void> {
    await this.#whole(this.#loadIn((shard) => shard, keys));
  }

  async readerFor(options?: OperationOptions): Promise<Reader> {
    const readers = await Promise.all(
      this.shards.map(async (shard) => [shard, await shard.readerFor(options)] as const),
    );
    const of = new Map<Backend, Reader>(readers);
    return {
      entry: (key) => of.get(this.shardOf(key))!.entry(key),
      load: (keys) => this.#loadIn((shard) => of.get(shard)!, keys),
    };
  }

  openSnapshot(): Snapshot | undefined {
    const opened = this.shards.map((shard) => shard.openSnapshot());
    if (opened.every((snapshot) => snapshot !== undefined)) return this.#joined(opened);
    for (const snapshot of opened) snapshot?.release();
    return undefined;
  }

  async snapshotFor(options?: OperationOptions): Promise<Snapshot> {
    // All of one moment where that is possible.
    if (!this.isGuarded) await this.load([]);
    return (
      this.openSnapshot() ?? this.#joined(await Promise.all(this.shards.map((shard) => shard.snapshotFor(options))))
    );
  }

  async seesValue(key: string, identity: string): Promise<boolean> {
    return this.shardOf(key).seesValue(key, identity);
  }

  set(...args: Parameters<Backend["set"]>): Promise<void> {
    return this.#whole(this.shardOf(args[0]).set(...args));
  }

  update(...args: Parameters<Backend["update"]>): Promise<unknown> {
    return this.#whole(this.shardOf(args[0]).update(...args));
  }

  change(...args: Parameters<Backend["change"]>): Promise<unknown> {
    return this.#whole(this.shardOf(args[0]).change(...args));
  }

  /** A transaction has one order, so it is of one shard: that of its first signal, which it asks by itself. */
  async transact(): Promise<void> {
    throw new KawaError("TRANSACTION_INVALID", "A transaction is made in one shard. Call transaction() of kawa.");
  }

  renew(key: string, options?: { readonly context?: Context | undefined }): Promise<boolean> {
    return this.#whole(this.shardOf(key).renew(key, options));
  }

  delete(...args: Parameters<Backend["delete"]>): Promise<void> {
    return this.#whole(this.shardOf(args[0]).delete(...args));
  }

  /** One commit for each shard. */
  async clear(prefix: string, options?: OperationOptions): Promise<void> {
    await Promise.all(this.#under(prefix).map((shard) => shard.clear(prefix, options)));
  }

  async keys(prefix: string, options?: OperationOptions): Promise<readonly string[]> {
    const found = await Promise.all(this.#under(prefix).map((shard) => shard.keys(prefix, options)));
    return found.length === 1 ? found[0]! : found.flat().sort(inCodeUnits);
  }

  async entries(prefix: string, options?: OperationOptions): Promise<ReadonlyMap<string, unknown>> {
    const found = await Promise.all(this.#under(prefix).map((shard) => shard.entries(prefix, options)));
    if (found.length === 1) return found[0]!;
    return new Map(found.flatMap((entries) => [...entries]).sort(([one], [other]) => inCodeUnits(one, other)));
  }

  onChange(listener: (change: Change) => void, options?: { readonly isPassive?: boolean }): () => void {
    const tell = ({ keys }: Change): void => {
      const { version } = this;
      // There is no history before all shards have theirs.
      if (keys.length > 0 || version.epoch !== "") listener({ keys, version });
    };
    const stops = this.shards.map((shard) => shard.onChange(tell, options));
    return () => {
      for (const stop of stops) stop();
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.close()));
  }

  /** Who asks the backend and not a signal sees all of it: its version is that of all shards. */
  async #whole<T>(operation: Promise<T>): Promise<T> {
    const connected = this.#loadIn((shard) => shard, []).catch(() => {});
    const [result] = await Promise.all([operation, connected]);
    return result;
  }

  /** The shards that may have a key with this prefix. */
  #under(prefix: string): readonly RivetBackend[] {
    const { shards, sharding } = this;
    const entity = entityUnder(prefix, sharding.by);
    // Any key of the entity is where all of them are.
    return entity === undefined ? shards : [this.shardOf(`${prefix}x`)];
  }

  async #loadIn(readerOf: (shard: RivetBackend) => Reader, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) await Promise.all(this.shards.map((shard) => readerOf(shard).load([])));
    const byShard = Map.groupBy(keys, (key) => this.shardOf(key));
    await Promise.all(Array.from(byShard, ([shard, own]) => readerOf(shard).load(own)));
  }

  #joined(snapshots: readonly Snapshot[]): Snapshot {
    const { version, sharding } = this;
    return new ShardedSnapshot({ version, sharding, snapshots });
  }
}

function inCodeUnits(one: string, other: string): number {
  return one < other ? -1 : 1;
}
