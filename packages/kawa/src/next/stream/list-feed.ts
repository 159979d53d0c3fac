import type { MemberList } from "../../core/backend/member-list.ts";
import type { ListChangeRow, ValueRow } from "../../browser/value-protocol.ts";
import { streamLimits } from "../limits/limits.ts";
import { ListPace } from "./list-pace.ts";

type Told = { readonly list: MemberList; readonly epoch: string };

export type TakenLists = {
  readonly whole: readonly ValueRow[];
  readonly changes: readonly ListChangeRow[];
  /** Milliseconds until the next list may be told; infinite when none waits for its time. */
  readonly waitMs: number;
};

/** The lists of groups that one stream tells: as a whole once, and then what has changed. */
export class ListFeed {
  readonly pace: ListPace = new ListPace();
  readonly #due = new Map<string, Told>();
  readonly #told = new Map<string, Told>();

  /** How many lists have to be told, now or later. */
  get size(): number {
    return this.#due.size;
  }

  add(key: string, newest: Told): void {
    this.#due.set(key, newest);
  }

  /** The browser knows this list already. */
  noteKnown(key: string, known: Told): void {
    if (!this.#told.has(key)) this.#told.set(key, known);
  }

  /** Lists that may be told now, as many as fit into an event that already has `length` characters. */
  take(length: number): TakenLists {
    const now = performance.now();
    const whole: ValueRow[] = [];
    const changes: ListChangeRow[] = [];
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [key, due] of this.#due) {
      const change = this.#changeOf(key, due);
      const ownLength = change ? lengthOf(change) : due.list.size;
      if (length > 0 && length + ownLength > streamLimits.maxEventLength) break;
      const ownMs = this.pace.waitFor(key, due.list.size, now);
      if (ownMs > 0) {
        waitMs = Math.min(waitMs, ownMs);
        continue;
      }
      length += ownLength;
      this.#due.delete(key);
      this.#told.set(key, due);
      if (change) changes.push(change);
      else whole.push([key, due.list.textOf(key), due.list.seq, due.epoch]);
    }
    return { whole, changes, waitMs };
  }

  /** What has changed of a list; undefined where the browser does not know the list, or the whole list is shorter. */
  #changeOf(key: string, { list, epoch }: Told): ListChangeRow | undefined {
    const told = this.#told.get(key);
    const change = told?.epoch === epoch ? told.list.changeTo(list) : undefined;
    if (!change) return undefined;
    const row = [key, told!.list.seq, list.seq, epoch, change.left, change.joined] as const;
    return lengthOf(row) <= list.size + key.length ? row : undefined;
  }
}

function lengthOf([key, , , , left, joined]: ListChangeRow): number {
  return [...left, ...joined].reduce((length, id) => length + id.length, key.length);
}
