import { KawaError } from "../../core/errors/errors.ts";
import type { ShardCopy, Sharding } from "../sharding/shard-layout.ts";

/** A process that copies counts as gone when it was silent for so long, in milliseconds. */
export const goneMs = 60_000;

export function copiedByAnother(copy: ShardCopy | undefined): KawaError {
  const since = copy
    ? ` to ${copy.to.shards} shards, and was at work ${Math.round((Date.now() - copy.at) / 1_000)} s ago`
    : "";
  return new KawaError(
    "SHARDS_MISMATCH",
    `Another process copies the values${since}. Wait for its end; one that was silent for ${goneMs / 1_000} s counts as gone.`,
  );
}

export function onlyShardBy({ shards }: Sharding): KawaError {
  return new KawaError(
    "OPTION_INVALID",
    `shardBy changes only together with the number of shards, for the values move to other actors. Copy to ${shards + 1}, say.`,
  );
}
