import type { Backend, UpdateOptions, Updater, WriteOptions } from "../../core/backend/backend.ts";
import { RivetBackend, type RivetBackendOptions } from "../replica/rivet-backend.ts";
import type { ShardBy } from "../sharding/shard-layout.ts";
import { checkCollection, checkGroup } from "../sharding/entity.ts";

export type ShardBackendOptions = RivetBackendOptions & {
  /** The backend that it is a part of. */
  readonly partOf: Backend;
  readonly by: ShardBy;
};

/** One shard of a backend. */
export class ShardBackend extends RivetBackend {
  readonly partOf: Backend;
  readonly #by: ShardBy;

  constructor({ partOf, by, ...options }: ShardBackendOptions) {
    super({ ...options, checkCollection: (prefix) => checkCollection(prefix, by) });
    this.partOf = partOf;
    this.#by = by;
  }

  override set(key: string, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#checked(key, options) ?? super.set(key, value, options);
  }

  override update(key: string, updater: Updater, options?: UpdateOptions): Promise<unknown> {
    return this.#checked(key, options) ?? super.update(key, updater, options);
  }

  /** Rejects where the list of an ephemeral key would be on another shard. */
  #checked(key: string, options: UpdateOptions | undefined): Promise<never> | undefined {
    if (options?.ttlMs === undefined) return undefined;
    try {
      checkGroup(key, this.#by);
      return undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
