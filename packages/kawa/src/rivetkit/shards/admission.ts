import { isSameSharding, type Sharding, shardsMismatch, unsharded } from "../sharding/shard-layout.ts";
import type { ShardRows } from "./shard-actor.ts";

/**
 * Resolves when this server counts on what is stored: on the sharding that the first server has chosen, or that the values were copied to.
 * The actor without a number keeps it, which has the values where there are no shards; the shards know it too.
 *
 * @throws {KawaError} SHARDS_MISMATCH
 */
export async function admit(root: ShardRows, asked: Sharding, shards: () => readonly ShardRows[]): Promise<void> {
  for (;;) {
    const stored = await root.layout();
    if (stored.layout) {
      if (isSameSharding(stored.layout, asked)) return;
      throw shardsMismatch(stored.layout, asked);
    }
    if (!(await root.isEmpty())) throw shardsMismatch(unsharded, asked);
    if (!(await root.setLayout(asked, stored))) continue;
    await Promise.all(shards().map(async (shard) => shard.setLayout(asked, await shard.layout())));
    return;
  }
}
