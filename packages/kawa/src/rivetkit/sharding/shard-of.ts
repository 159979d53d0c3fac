import { isServerKey } from "../../core/backend/key.ts";
import type { Sharding } from "./shard-layout.ts";
import { entityOf } from "./entity.ts";
import { shardHash } from "./shard-hash.ts";

/** Where servers keep what is their own, such as the sessions that have ended. */
export const serverShard = 0;

/** Index of the shard on which a key is. */
export function shardOf(key: string, { shards, by }: Sharding): number {
  return shards === 1 || isServerKey(key) ? serverShard : shardHash(entityOf(key, by)) % shards;
}
