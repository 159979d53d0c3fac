/** Lists of groups that are smaller are sent at each change, in characters. */
const smallSize = 4 * 1024;
/** Most characters a millisecond of one list. */
const maxRate = 256;

/**
 * How often one stream is told of the list of a group. Browsers show all of it anew: where many come to a large group, those who watch
 * are told several changes at once.
 */
export class ListPace {
  readonly #freeAt = new Map<string, number>();

  /** Milliseconds until a list of this size, in characters, may be told. When there are none, it counts as told. */
  waitFor(key: string, size: number, now: number): number {
    if (size <= smallSize) return 0;
    const waitMs = (this.#freeAt.get(key) ?? 0) - now;
    if (waitMs > 0) return waitMs;
    this.#freeAt.set(key, now + size / maxRate);
    return 0;
  }
}
