import type { Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { MemberList } from "../../core/backend/member-list.ts";
import { asMembers, groupIn } from "../../core/backend/members.ts";
import { decodeValue } from "../../core/value/value.ts";

/** The entry of a row that was read. That of a group is a list, which later deltas change member by member. */
export function readEntry(key: string, seq: number, text: string | null): Entry {
  if (groupIn(key) === undefined) return createEntry(seq, text);
  const members = text === null ? { ids: [] } : asMembers(decodeValue(text, Number.POSITIVE_INFINITY));
  return MemberList.of(seq, members?.ids ?? []);
}

export function isKnownEntry(entry: Entry | undefined): boolean {
  return entry !== undefined && entry.state !== "unknown";
}
