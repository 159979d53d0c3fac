import { clip, KawaError } from "../errors/errors.ts";
import type { Backend } from "./backend.ts";

type Used = { readonly backend: Backend; readonly key: string };

/** Two signals of a transaction that no single actor has. */
export function spreadError(one: Used, other: Used): KawaError {
  const keys = [one.key, other.key];
  const place = ({ backend, key }: Used): string => `"${clip(key)}" lives in "${clip(backend.id)}"`;
  const whole = one.backend.partOf;
  const reason =
    whole && whole === other.backend.partOf
      ? `A transaction is of one shard: ${place(one)}, and ${place(other)}. Give keys that change together one entity (docs/shards.md): ` +
        `name them alike up to their last part, or say in shardBy how many parts name an entity.`
      : `A transaction is of one backend: ${place(one)}, and ${place(other)}. Keep values that change together in one backend.`;
  return new KawaError("TRANSACTION_INVALID", reason, { data: { keys } });
}
