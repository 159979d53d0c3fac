import type { Backend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { shardOf } from "../../src/rivetkit/sharding/shard-of.ts";

/** A backend whose shards are in memory: what signals need of one, which find the shard of their key. */
export function createMemoryShards(
  id: string,
  shards: number,
): { readonly backend: Backend; readonly shards: Backend[] } {
  const all = Array.from({ length: shards }, (_, index) => createMemoryBackend(`${id}#${index}of${shards}`));
  const whole = createMemoryBackend(id);
  const backend: Backend = { ...whole, id, shardOf: (key) => all[shardOf(key, { shards, by: {} })]! };
  for (const shard of all) Object.assign(shard, { partOf: backend });
  return { backend, shards: all };
}
