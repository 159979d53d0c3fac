import type { QuerySpec } from "./query-key.ts";
import { isBetween } from "./ranges.ts";

type Logged = { readonly seq: number; readonly entries: readonly string[] };

/** Changes of one index that are remembered. */
const maxLogged = 1_000;

/** Tells since when a part of an index is as it is: a window that is opened now has the number of its last change, not of the last commit. */
export class EntryLog {
  #logged: Logged[] = [];
  /** The last change that is not remembered any more. */
  #floor: number;

  /** @param floor commit up to which nothing is known */
  constructor(floor: number) {
    this.#floor = floor;
  }

  note(seq: number, entries: readonly string[]): void {
    this.#logged.push({ seq, entries });
    if (this.#logged.length < 2 * maxLogged) return;
    const forgotten = this.#logged.length - maxLogged;
    this.#floor = this.#logged[forgotten - 1]!.seq;
    this.#logged = this.#logged.slice(forgotten);
  }

  lastChange(spec: Pick<QuerySpec, "from" | "to">): number {
    const last = this.#logged.findLast(({ entries }) => entries.some((entry) => isBetween(spec, entry)));
    return last?.seq ?? this.#floor;
  }
}
