import { clip, KawaError, show } from "../../core/errors/errors.ts";
import type { ShardBy, Sharding } from "./shard-layout.ts";
import { maxShards, shardIn } from "./shard-name.ts";
import { checkShardBy } from "./entity.ts";

/**
 * What an app says of the shards of a backend.
 *
 * @throws {KawaError} OPTION_INVALID
 */
export function shardingOf(shards: number, by: ShardBy = {}): Sharding {
  if (!(Number.isInteger(shards) && shards >= 1 && shards <= maxShards))
    throw new KawaError("OPTION_INVALID", `shards is ${show(shards)}; it is a whole number from 1 to ${maxShards}.`);
  checkShardBy(by);
  // Of one shard, nothing is divided.
  return { shards, by: shards === 1 ? {} : { ...by } };
}

/** @throws {KawaError} OPTION_INVALID - it is empty, or that of a shard */
export function checkActorId(actorId: string): void {
  if (actorId === "") throw new KawaError("OPTION_INVALID", `actorId is empty; leave it out for "global".`);
  if (shardIn(actorId))
    throw new KawaError(
      "OPTION_INVALID",
      `actorId "${clip(actorId)}" is that of a shard; name the backend, and "shards".`,
    );
}
