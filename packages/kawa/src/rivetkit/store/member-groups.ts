import { MemberList } from "../../core/backend/member-list.ts";
import { groupIn, memberKey, memberOf, membersKey } from "../../core/backend/members.ts";
import { UndoLog } from "../../core/backend/undo-log.ts";
import type { LifeRow, ListRow, Row } from "../wire/protocol.ts";

/** Life of an ephemeral value: how long it lives after it was set or renewed, and its place in the order of arrival. */
export type Life = readonly [ttlMs: number, order: number];
/** Lives by key. A row without one has no value, or is not ephemeral. */
export type Lives = ReadonlyMap<string, Life>;

type Group = { list: MemberList; readonly lives: Map<string, Life> };

const maxOverwrittenLists = 10_000;
/** Groups that have become empty, and are remembered for replicas that were away. */
const maxEmptyGroups = 1_000;

/**
 * Which keys are ephemeral, and the lists of their groups. Both follow from the rows, so they are of one version. A member that comes or
 * goes costs the same in a group of any size.
 */
export class MemberGroups {
  readonly #groups = new Map<string, Group>();
  /** Groups without members; the one that lost its members first comes first. */
  readonly #empty = new Set<string>();
  readonly #overwritten = new UndoLog<MemberList>();
  #nextOrder = 0;
  #forgottenSeq = 0;

  /** Place of the next member. */
  get nextOrder(): number {
    return this.#nextOrder;
  }

  /** Takes over what was stored up to `seq`. When the lists changed is not known; they count as changed then. */
  restore(rows: Iterable<Row>, lives: Lives, seq: number): void {
    for (const [key] of rows) {
      const group = groupIn(key);
      if (group !== undefined) this.#groupOf(group);
    }
    for (const [key, life] of [...lives].sort(([, [, one]], [, [, other]]) => one - other)) {
      const { group, id } = memberOf(key);
      this.#groupOf(group).lives.set(id, life);
      this.#nextOrder = life[1] + 1;
    }
    for (const [name, group] of this.#groups) {
      group.list = MemberList.of(seq, [...group.lives.keys()]);
      if (group.list.count === 0) this.#empty.add(name);
    }
  }

  /** Takes over what was committed. Returns how lists have changed. */
  apply(rows: readonly Row[], lives: Lives, seq: number): ListRow[] {
    if (this.#groups.size === 0 && lives.size === 0) return [];
    const changes = new Map<string, { left: string[]; joined: [id: string, order: number][] }>();
    for (const [key] of rows) {
      const { group, id } = memberOf(key);
      const life = lives.get(key);
      const before = this.#groups.get(group)?.lives.get(id);
      if (!life && !before) continue;
      const { lives: ofGroup } = this.#groupOf(group);
      if (life) ofGroup.set(id, life);
      else ofGroup.delete(id);
      if (life && before?.[1] === life[1]) continue;
      let change = changes.get(group);
      if (!change) changes.set(group, (change = { left: [], joined: [] }));
      if (before) change.left.push(id);
      if (!life) continue;
      change.joined.push([id, life[1]]);
      this.#nextOrder = Math.max(this.#nextOrder, life[1] + 1);
    }
    return [...changes].map(([group, { left, joined }]): ListRow => {
      const ids = joined.sort(([, one], [, other]) => one - other).map(([id]) => id);
      this.#changeList(group, { seq, left, joined: ids });
      return [membersKey(group), left, ids];
    });
  }

  lifeOf(key: string): Life | undefined {
    if (this.#groups.size === 0) return undefined;
    const { group, id } = memberOf(key);
    return this.#groups.get(group)?.lives.get(id);
  }

  /** Those of the rows that are ephemeral. */
  livesOf(rows: readonly Row[]): LifeRow[] {
    return rows.flatMap(([key]): LifeRow[] => {
      const life = this.lifeOf(key);
      return life ? [[key, ...life]] : [];
    });
  }

  /** How long a key lives after it was set or renewed; undefined for one that stays or has no value. */
  ttlMsOf(key: string): number | undefined {
    return this.lifeOf(key)?.[0];
  }

  /** Every ephemeral key with its time to live. */
  *entries(): Iterable<readonly [key: string, ttlMs: number]> {
    for (const [group, { lives }] of this.#groups)
      for (const [id, [ttlMs]] of lives) yield [memberKey(group, id), ttlMs];
  }

  /** The list of a group as it was after commit `at`; as it is now where that is no longer known. */
  list(group: string, at: number = Number.POSITIVE_INFINITY): MemberList {
    const list = this.#groups.get(group)?.list ?? MemberList.of(this.#forgottenSeq, []);
    return list.seq <= at ? list : (this.#overwritten.find(group, at) ?? list);
  }

  /** Groups whose lists have changed after `seq`; undefined where that is not known of all. */
  changedSince(seq: number): readonly string[] | undefined {
    if (seq < this.#forgottenSeq) return undefined;
    return [...this.#groups].filter(([, { list }]) => list.seq > seq).map(([group]) => group);
  }

  #groupOf(name: string): Group {
    let group = this.#groups.get(name);
    if (!group) this.#groups.set(name, (group = { list: MemberList.of(this.#forgottenSeq, []), lives: new Map() }));
    return group;
  }

  #changeList(
    name: string,
    { seq, left, joined }: { seq: number; left: readonly string[]; joined: readonly string[] },
  ): void {
    const group = this.#groupOf(name);
    this.#overwritten.add({ key: name, value: group.list, until: seq });
    if (this.#overwritten.length > maxOverwrittenLists) this.#overwritten.forgetOldest();
    group.list = group.list.changed(seq, { left, joined });
    this.#empty.delete(name);
    if (group.list.count === 0) this.#empty.add(name);
    if (this.#empty.size > maxEmptyGroups) this.#forgetEmpty();
  }

  #forgetEmpty(): void {
    const [oldest] = this.#empty as Iterable<string>;
    if (oldest === undefined) return;
    this.#forgottenSeq = Math.max(this.#forgottenSeq, this.#groups.get(oldest)!.list.seq);
    this.#empty.delete(oldest);
    this.#groups.delete(oldest);
  }
}
