import { groupIn } from "../core/members.ts";
import type { ValueRow } from "../core/value-row.ts";

/** Lists of groups that are smaller are sent at each change, in characters. */
const smallSize = 4 * 1024;
/** Of one list, in characters a millisecond. */
const maxRate = 256;

/**
 * How often one stream is sent the list of a group. Each who comes or goes changes all of it: where many come to a large group, those
 * who watch are told several changes at once.
 */
export class ListPace {
  readonly #freeAt = new Map<string, number>();

  /** Milliseconds until the row may be sent. When there are none, it counts as sent. */
  waitFor([key, text]: ValueRow, now: number): number {
    if (text === null || text.length <= smallSize || groupIn(key) === undefined) return 0;
    const waitMs = (this.#freeAt.get(key) ?? 0) - now;
    if (waitMs > 0) return waitMs;
    this.#freeAt.set(key, now + text.length / maxRate);
    return 0;
  }
}
