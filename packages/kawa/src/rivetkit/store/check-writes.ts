import { isQueryKey } from "../../core/collections/query-key.ts";
import { rowOf } from "../../core/collections/row-id.ts";
import { clip, KawaError, show } from "../../core/errors/errors.ts";
import { isInternal, isServerKey, streamScope } from "../../core/backend/key.ts";
import { groupIsFull, maxListSize, memberOf } from "../../core/backend/members.ts";
import type { Batch } from "./batch-group.ts";
import type { MemberGroups } from "./member-groups.ts";
import { definedIn } from "./collection-keys.ts";
import type { SignalRows } from "./signal-rows.ts";
import type { Needed, StoredCollections } from "./stored-collections.ts";
import type { Write } from "../wire/protocol.ts";

type CheckedStore = {
  readonly rows: SignalRows;
  readonly collections: StoredCollections;
};

type CheckedBatch = Needed & Pick<Batch, "isWhole">;

/**
 * Refuses what a store cannot take.
 *
 * @throws {KawaError} KEY_INVALID - a key is of the store itself, or a query
 * @throws {KawaError} COLLECTIONS_UNSUPPORTED, OPTION_INVALID - a collection cannot be kept here
 * @throws {KawaError} RATE_LIMITED - the ephemeral group of the only write, or of one of a transaction, is full
 */
export function checkWrites({ writes, checks = [], isWhole }: CheckedBatch, { rows, collections }: CheckedStore): void {
  for (const [key] of checks) if (isQueryKey(key)) throw new KawaError("KEY_INVALID", "A query cannot be compared.");
  for (const write of writes) {
    if (!("key" in write)) continue;
    checkKeyIsFree(write.key);
    const defined = definedIn(write.key);
    if (defined && !collections.indexes.has(defined.collection))
      checkCollection(defined.collection, { rows, collections });
  }
  // Another batch with several writes has several writers, and most of them do nothing wrong.
  if (isWhole || writes.length === 1) for (const write of writes) checkRoom(write, rows.ephemeral);
}

/** A collection begins without rows: its indexes would miss what is there. */
function checkCollection(collection: string, { rows, collections }: CheckedStore): void {
  void collections.storage;
  for (const key of rows.keysWithValue(`${collection}:`)) {
    if (rowOf(key)?.collection !== collection) continue;
    throw new KawaError(
      "OPTION_INVALID",
      `"${clip(collection)}" cannot be a collection: signals such as "${clip(key)}" have its keys. Give it another name, or delete them.`,
    );
  }
}

function checkKeyIsFree(key: string): void {
  if (!isInternal(key) || streamScope(key) !== undefined || isServerKey(key)) return;
  throw new KawaError("KEY_INVALID", `Key ${show(key)} is reserved for the store; remove the NUL character.`);
}

function checkRoom(write: Write, ephemeral: MemberGroups): void {
  if (!("ttlMs" in write) || write.ttlMs === undefined || ("text" in write && write.text === null)) return;
  const { size } = ephemeral.list(memberOf(write.key).group);
  if (size > maxListSize && ephemeral.ttlMsOf(write.key) === undefined) throw groupIsFull(write.key);
}
