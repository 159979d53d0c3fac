import type { ListChange } from "./list-change.ts";
import type { Members } from "./members.ts";
import { encodeValue } from "../value/value.ts";

/** About how many characters an id adds to the encoded list beside its own. */
const idOverhead = 10;

type Newest = { readonly ranks: Map<string, number>; nextRank: number };
type Step = { readonly to: MemberList; readonly change: ListChange; readonly leftRanks: ReadonlyMap<string, number> };

/**
 * One version of the list of a group. It is an entry like others, but its next version costs only what has changed. The newest version
 * holds the ids; an older one holds only how the next one came from it, so a version that is not read any more takes no memory.
 */
export class MemberList {
  readonly seq: number;
  readonly count: number;
  /** About how many characters the encoded list has. */
  readonly size: number;
  #newest: Newest | undefined;
  #step: Step | undefined;
  #value: Members | undefined;
  #text: string | undefined;
  #lastPatch: { readonly to: MemberList; readonly change: ListChange } | undefined;

  private constructor(seq: number, newest: Newest, size: number) {
    this.seq = seq;
    this.count = newest.ranks.size;
    this.size = size;
    this.#newest = newest;
  }

  static of(seq: number, ids: readonly string[]): MemberList {
    const ranks = new Map(ids.map((id, rank) => [id, rank]));
    return new MemberList(
      seq,
      { ranks, nextRank: ids.length },
      ids.reduce((size, id) => size + id.length + idOverhead, 0),
    );
  }

  get state(): "absent" | "present" {
    return this.count === 0 ? "absent" : "present";
  }

  get value(): Members {
    // An older version is read seldom, and is held for long: it must not keep its ids.
    if (this.#step) return { ids: Object.freeze(this.#ids()) };
    return (this.#value ??= Object.freeze({ ids: Object.freeze(this.#ids()) }));
  }

  /** The encoded list; `null` when it is empty. */
  textOf(key: string): string | null {
    if (this.count === 0) return null;
    if (this.#step) return encodeValue(key, this.value, Number.POSITIVE_INFINITY);
    return (this.#text ??= encodeValue(key, this.value, Number.POSITIVE_INFINITY));
  }

  /** The next version. Has to be called on the newest one. */
  changed(seq: number, change: ListChange): MemberList {
    const newest = this.#newest!;
    const leftRanks = new Map<string, number>();
    let { size } = this;
    for (const id of change.left) {
      const rank = newest.ranks.get(id);
      if (rank === undefined) continue;
      leftRanks.set(id, rank);
      newest.ranks.delete(id);
      size -= id.length + idOverhead;
    }
    for (const id of change.joined) {
      newest.ranks.set(id, newest.nextRank);
      newest.nextRank += 1;
      size += id.length + idOverhead;
    }
    const to = new MemberList(seq, newest, size);
    this.#step = { to, change, leftRanks };
    this.#newest = this.#value = this.#text = undefined;
    return to;
  }

  /** What has changed from this version to a later one; undefined where that one does not descend from this one. */
  changeTo(later: MemberList): ListChange | undefined {
    if (this.#lastPatch?.to === later) return this.#lastPatch.change;
    const steps = this.#stepsTo(later);
    if (!steps) return undefined;
    const isThere = new Map<string, boolean>();
    for (const { change } of steps) {
      for (const id of change.left) noteLast(isThere, id, false);
      for (const id of change.joined) noteLast(isThere, id, true);
    }
    const idsThat = (are: boolean): string[] => [...isThere].filter(([, is]) => is === are).map(([id]) => id);
    const change = { left: idsThat(false), joined: idsThat(true) };
    // Many streams have been told this version, and are all to be told the later one.
    this.#lastPatch = { to: later, change };
    return change;
  }

  /** The steps to a later version, or to the newest; undefined where they do not lead there. */
  #stepsTo(later?: MemberList): Step[] | undefined {
    if (later === this) return [];
    const steps: Step[] = [];
    for (let step = this.#step; step; step = step.to.#step) {
      steps.push(step);
      if (step.to === later) return steps;
    }
    return later ? undefined : steps;
  }

  #ids(): string[] {
    const steps = this.#stepsTo()!;
    const newest = steps.at(-1)?.to ?? this;
    if (newest === this) return [...newest.#newest!.ranks.keys()];
    const ranks = new Map(newest.#newest!.ranks);
    for (const { change, leftRanks } of steps.reverse()) {
      for (const id of change.joined) ranks.delete(id);
      for (const [id, rank] of leftRanks) ranks.set(id, rank);
    }
    return [...ranks].sort(([, one], [, other]) => one - other).map(([id]) => id);
  }
}

/** True for every {@link MemberList}: a process holds several copies of the class, so `instanceof` knows only those of its own copy. */
export function isMemberList(entry: object | undefined): entry is MemberList {
  return entry !== undefined && "changeTo" in entry;
}

function noteLast(isThere: Map<string, boolean>, id: string, is: boolean): void {
  isThere.delete(id);
  isThere.set(id, is);
}
