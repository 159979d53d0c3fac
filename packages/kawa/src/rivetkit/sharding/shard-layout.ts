import { serverKey } from "../../core/backend/key.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";

/** How many segments of a key name its entity, by prefix: all keys of an entity are on one shard. */
export type ShardBy = Readonly<Record<string, number>>;

/** A number of shards, and what decides which key is where. */
export type Sharding = { readonly shards: number; readonly by: ShardBy };

/** A copy that is being made to another number. */
export type ShardCopy = {
  /** Names the process that makes it. */
  readonly id: string;
  readonly to: Sharding;
  /** When that process has last said that it is at work, in milliseconds since 1970. */
  readonly at: number;
};

/** How a backend is divided, as its actors keep it: the one without a number always, each shard where a copy concerns it. */
export type ShardLayout = Sharding & {
  /** While it is there, writes to the actor wait. */
  readonly isFenced?: true | undefined;
  /** Grows with each copy: what an earlier copy still asks for, although another has begun, is refused. */
  readonly turn?: number | undefined;
  readonly copy?: ShardCopy | undefined;
  /** What was valid before a copy that is not finished yet. */
  readonly was?: Sharding | undefined;
};

/** That of a backend which was never divided. */
export const unsharded: Sharding = { shards: 1, by: {} };

/** Where an actor keeps it. */
export const layoutKey: string = serverKey("shards");

/** No number: what the actor holds is a copy that is not whole yet. */
export const incomplete = 0;

export function layoutText(layout: ShardLayout): string {
  return encodeValue(layoutKey, layout);
}

/** Lets a batch of a copy pass the gate of an actor, and is never applied. */
export function passOf(turn: number): LayoutWrite {
  return { key: layoutKey, text: layoutText({ ...unsharded, turn }), expect: -1 };
}

/** Undefined where an actor keeps none. */
export function layoutIn(text: string | null): ShardLayout | undefined {
  return text === null ? undefined : (decodeValue(text) as ShardLayout);
}

export function isSameSharding(one: Sharding, other: Sharding): boolean {
  return one.shards === other.shards && byText(one.by) === byText(other.by);
}

/** As it is told to people, and given to the command. */
function shardingText({ shards, by }: Sharding): string {
  return [shards, ...Object.entries(by).map(([prefix, count]) => `--by ${prefix}=${count}`)].join(" ");
}

/** The error of a server that counts on another sharding than the stored one. */
export function shardsMismatch(stored: Sharding, asked: Sharding): KawaError {
  return new KawaError(
    "SHARDS_MISMATCH",
    `The values are stored in ${inWords(stored)}, and this server is set to ${inWords(asked)}. Set "shards" (and "shardBy") of ` +
      `initReactiveBackend() to what is stored, or copy the values: kawa reshard ${shardingText(asked)}`,
    { data: { stored: stored.shards, asked: asked.shards } },
  );
}

function inWords({ shards, by }: Sharding): string {
  const depths = Object.keys(by).length === 0 ? "" : `, shardBy ${byText(by)}`;
  return `${shards === 1 ? "1 shard" : `${shards} shards`}${depths}`;
}

function byText(by: ShardBy): string {
  return JSON.stringify(Object.entries(by).sort(([one], [other]) => (one < other ? -1 : 1)));
}

type LayoutWrite = { readonly key: string; readonly text: string; readonly expect: number };

/** A layout as it was read from an actor, and the number of its row. */
export type StoredLayout = { readonly layout: ShardLayout | undefined; readonly seq: number };

/** Stores a layout over the one that was read. */
export function layoutWrite(layout: ShardLayout, over: StoredLayout): LayoutWrite {
  return { key: layoutKey, text: layoutText(layout), expect: over.layout ? over.seq : 0 };
}
