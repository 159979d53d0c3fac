/** Which part of a backend an actor keeps. */
export type Shard = {
  /** Id of the backend's actor where there are no shards, such as `global`. */
  readonly whole: string;
  /** From 0 on. */
  readonly index: number;
  readonly shards: number;
};

/** Most shards of a backend: a page announces a version of each that it has read. */
export const maxShards = 64;

const pattern = /^(.+)#(\d+)of(\d+)$/s;

/** Id of the actor of a shard, such as `global#3of16`. The number is a part of it: what another number has left is never read. */
export function shardName({ whole, index, shards }: Shard): string {
  return shards === 1 ? whole : `${whole}#${index}of${shards}`;
}

/** Undefined for an id that no shard has. */
export function shardIn(actorId: string): Shard | undefined {
  const [, whole = "", index, shards] = pattern.exec(actorId) ?? [];
  const shard = { whole, index: Number(index), shards: Number(shards) };
  const isOne = shard.shards > 1 && shard.shards <= maxShards && shard.index < shard.shards;
  return isOne && shardName(shard) === actorId ? shard : undefined;
}

/** Into how many shards the backend of an actor is divided, as far as the id of the actor says it. */
export function shardsOf(actorId: string | undefined): number {
  return shardIn(actorId ?? "")?.shards ?? 1;
}
