import type { Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { MemberList } from "../../core/backend/member-list.ts";
import { asMembers, groupIn } from "../../core/backend/members.ts";
import { decodeValue } from "../../core/value/value.ts";

/** The entry of a row that was read: lists of groups can be changed bit by bit. */
export function readEntry(key: string, seq: number, text: string | null): Entry {
  if (groupIn(key) === undefined) return createEntry(seq, text);
  const members = text === null ? { ids: [] } : asMembers(decodeValue(text, Number.POSITIVE_INFINITY));
  return MemberList.of(seq, members?.ids ?? []);
}
