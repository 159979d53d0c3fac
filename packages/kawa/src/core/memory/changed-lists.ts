import type { Entry } from "../backend/backend.ts";
import { isMemberList, MemberList } from "../backend/member-list.ts";
import { membersKey } from "../backend/members.ts";

type Member = { readonly group: string; readonly id: string };

type Changed = { readonly left: readonly Member[]; readonly joined: readonly Member[] };

/** Adds the lists of groups that members leave or join in commit `seq`. */
export function addLists(
  entries: Map<string, Entry>,
  { left, joined }: Changed,
  { seq, entryOf }: { readonly seq: number; readonly entryOf: (key: string) => Entry },
): void {
  const idsIn = (members: readonly Member[], group: string): string[] =>
    members.filter((member) => member.group === group).map(({ id }) => id);
  for (const group of new Set([...left, ...joined].map((member) => member.group))) {
    const list = membersKey(group);
    const before = entryOf(list);
    const change = { left: idsIn(left, group), joined: idsIn(joined, group) };
    entries.set(list, (isMemberList(before) ? before : MemberList.of(0, [])).changed(seq, change) as Entry);
  }
}
