import type { Entry, Snapshot } from "../../core/backend/backend.ts";
import type { ReadonlyCell } from "../../core/process/reactive.ts";
import type { Version } from "../../core/value/version.ts";
import type { Sharding } from "../sharding/shard-layout.ts";
import { shardOf } from "../sharding/shard-of.ts";

export type ShardedSnapshotOptions = {
  readonly version: Version;
  readonly sharding: Sharding;
  /** One of each shard, in their order. */
  readonly snapshots: readonly Snapshot[];
};

/** All shards, each as it was at one version of its own. */
export class ShardedSnapshot implements Snapshot {
  readonly version: Version;
  readonly #sharding: Sharding;
  readonly #snapshots: readonly Snapshot[];

  constructor({ version, sharding, snapshots }: ShardedSnapshotOptions) {
    this.version = version;
    this.#sharding = sharding;
    this.#snapshots = snapshots;
  }

  get isConsistent(): boolean {
    return this.#snapshots.every(({ isConsistent }) => isConsistent);
  }

  get identity(): string | undefined {
    return this.#snapshots.find(({ identity }) => identity !== undefined)?.identity;
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.#of(key).entry(key);
  }

  peek(key: string): Entry {
    return this.#of(key).peek(key);
  }

  async load(keys: readonly string[]): Promise<void> {
    const byShard = Map.groupBy(keys, (key) => this.#of(key));
    await Promise.all(Array.from(byShard, ([snapshot, own]) => snapshot.load(own)));
  }

  release(): void {
    for (const snapshot of this.#snapshots) snapshot.release();
  }

  #of(key: string): Snapshot {
    return this.#snapshots[shardOf(key, this.#sharding)]!;
  }
}
