import { sizeOfEntry } from "../../core/backend/entry.ts";
import { groupIsFull, maxListSize, memberOf, membersKey } from "../../core/backend/members.ts";
import type { BackedSignal } from "../../core/signal.ts";

/**
 * Refuses a new member of an ephemeral group that is full.
 *
 * @throws {KawaError} RATE_LIMITED - the group is full; existing members may still be written
 */
export async function checkMember({ backend, key, ttlMs }: BackedSignal<unknown>): Promise<void> {
  // Where hooks decide about reads, not everybody sees the list: the actor refuses there.
  if (ttlMs === undefined || backend.isGuarded) return;
  const list = membersKey(memberOf(key).group);
  await backend.load([list]);
  if (sizeOfEntry(backend.entry(list).peek()) <= maxListSize) return;
  await backend.load([key]);
  if (backend.entry(key).peek().state !== "present") throw groupIsFull(key);
}
