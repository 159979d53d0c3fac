import { KawaError, show } from "../../core/errors/errors.ts";
import { isInternal, isServerKey, streamScope } from "../../core/backend/key.ts";
import { groupIsFull, maxListSize, memberOf } from "../../core/backend/members.ts";
import type { MemberGroups } from "./member-groups.ts";
import type { Write } from "../wire/protocol.ts";

/**
 * Refuses what a store cannot take.
 *
 * @throws {KawaError} KEY_INVALID - a key is of the store itself
 * @throws {KawaError} RATE_LIMITED - the ephemeral group of the only write is full
 */
export function checkWrites(writes: readonly Write[], ephemeral: MemberGroups): void {
  for (const write of writes) if ("key" in write) checkKeyIsFree(write.key);
  // A batch with several writes has several writers, and most of them do nothing wrong.
  if (writes.length === 1) checkRoom(writes[0]!, ephemeral);
}

function checkKeyIsFree(key: string): void {
  if (!isInternal(key) || streamScope(key) !== undefined || isServerKey(key)) return;
  throw new KawaError("KEY_INVALID", `Key ${show(key)} is reserved for the store; remove the NUL character.`);
}

function checkRoom(write: Write, ephemeral: MemberGroups): void {
  if (!("ttlMs" in write) || write.ttlMs === undefined || write.text === null) return;
  const { size } = ephemeral.list(memberOf(write.key).group);
  if (size > maxListSize && ephemeral.ttlMsOf(write.key) === undefined) throw groupIsFull(write.key);
}
