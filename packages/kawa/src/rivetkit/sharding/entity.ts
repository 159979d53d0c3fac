import { isInternal, isServerKey, streamScope } from "../../core/backend/key.ts";
import { queriedCollection } from "../../core/collections/query-key.ts";
import { clip, KawaError, show } from "../../core/errors/errors.ts";
import { memberOf, membersKey } from "../../core/backend/members.ts";
import type { ShardBy } from "./shard-layout.ts";

/** Most segments of a key that name an entity, where the app does not say how many. */
const defaultDepth = 2;

/**
 * What decides on which shard a key is; keys of one entity are together. It is the beginning of the key: as many segments as `by` says of
 * its longest prefix; else all but the last one, and at most two. So a group of ephemeral keys and its list are together, and an entity
 * (`users:alice:…`) is, while the short keys of a namespace (`app:counter`, `app:theme`) are together as one. Never change what it returns:
 * stored values would not be found.
 */
export function entityOf(key: string, by: ShardBy = {}): string {
  if (!isInternal(key)) return beginning(key, by);
  if (isServerKey(key) || streamScope(key) !== undefined) return key;
  // The list of a group is where its members are, and a query where its rows are. Whatever else follows from rows has the form of a list.
  const derived = queriedCollection(key) ?? key.slice(key.indexOf(":") + 1);
  return beginning(derived === "" ? "x" : `${derived}:x`, by);
}

/**
 * The prefix of which all keys are of one entity; undefined where they may be of several.
 *
 * @param prefix of keys, such as `users:alice:`
 */
export function entityUnder(prefix: string, by: ShardBy = {}): string | undefined {
  if (isInternal(prefix) || !prefix.endsWith(":")) return undefined;
  // A longer prefix with a word of its own may divide them.
  if (Object.keys(by).some((other) => `${other}:`.startsWith(prefix))) return undefined;
  const depth = depthOf(prefix, by) ?? defaultDepth;
  const segments = prefix.split(":").slice(0, -1);
  return segments.length >= depth ? segments.slice(0, depth).join(":") : undefined;
}

/** @throws {KawaError} OPTION_INVALID - the list of the group could not be where all its members are */
export function checkGroup(key: string, by: ShardBy): void {
  const { group } = memberOf(key);
  if (entityOf(key, by) === entityOf(membersKey(group), by)) return;
  throw new KawaError(
    "OPTION_INVALID",
    `"${clip(key)}" is ephemeral, and shardBy divides its group "${clip(group)}", whose list lives on one shard. Let shardBy name fewer segments.`,
  );
}

/**
 * A collection lives whole on one shard, so that its order, windows and counts are of one history.
 *
 * @param prefix of the keys of its rows
 * @throws {KawaError} COLLECTIONS_UNSUPPORTED - `by` would divide it
 */
export function checkCollection(prefix: string, by: ShardBy): void {
  const own = prefix.split(":").length;
  if (entityOf(`${prefix}:x`, by).split(":").length <= own) return;
  throw new KawaError(
    "COLLECTIONS_UNSUPPORTED",
    `shardBy would spread the rows of the collection "${clip(prefix)}" over several shards, and it lives on one. ` +
      `Write shardBy: { ${show(prefix)}: ${own} }, beside what is there.`,
    { data: { collection: prefix, shardBy: { [prefix]: own } } },
  );
}

/** @throws {KawaError} OPTION_INVALID */
export function checkShardBy(by: ShardBy): void {
  for (const [prefix, depth] of Object.entries(by)) {
    const isPrefix = prefix !== "" && !isInternal(prefix) && prefix.split(":").every((segment) => segment !== "");
    if (!isPrefix) throw invalid(`${show(prefix)} is no prefix of keys, such as "app:scores"`);
    if (!(Number.isInteger(depth) && depth >= 1 && depth <= 16))
      throw invalid(`${show(depth)} is no number of segments from 1 to 16, for the prefix "${clip(prefix)}"`);
  }
}

function invalid(reason: string): KawaError {
  return new KawaError("OPTION_INVALID", `shardBy is wrong: ${reason}. Write { "app:scores": 3 }.`);
}

function beginning(key: string, by: ShardBy): string {
  const segments = key.split(":");
  const depth = depthOf(key, by) ?? Math.min(defaultDepth, segments.length - 1);
  return segments.slice(0, depth).join(":");
}

function depthOf(key: string, by: ShardBy): number | undefined {
  let found: string | undefined;
  for (const prefix in by) if (key.startsWith(`${prefix}:`) && prefix.length > (found?.length ?? -1)) found = prefix;
  return found === undefined ? undefined : by[found];
}
