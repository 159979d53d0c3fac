import { clip, KawaError } from "../../core/errors/errors.ts";
import { streamKey } from "../../core/backend/key.ts";
import type { ShardBy } from "./shard-layout.ts";
import { shardIn, shardName } from "./shard-name.ts";
import { shardOf } from "./shard-of.ts";

/**
 * Refuses what a RivetKit client asks of one shard and another one has: nobody would find what it writes.
 *
 * @param by undefined where it is not known
 * @throws {KawaError} KEY_INVALID
 */
export function checkHome([actorId = ""]: readonly string[], params: object, by: ShardBy | undefined): void {
  const shard = shardIn(actorId);
  const { key, scope } = params as { readonly key?: unknown; readonly scope?: unknown };
  const asked = typeof scope === "string" ? streamKey(scope) : key;
  if (!shard || by === undefined || typeof asked !== "string") return;
  const index = shardOf(asked, { ...shard, by });
  if (index === shard.index) return;
  const home = shardName({ ...shard, index });
  throw new KawaError(
    "KEY_INVALID",
    `"${clip(String(key ?? scope))}" is not of this actor: ask "${home}" (actorKeyOf()).`,
  );
}
