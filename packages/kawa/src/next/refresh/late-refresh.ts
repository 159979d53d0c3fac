import { askAgain } from "../router/router-requests.ts";

/** In milliseconds. A server that takes its time is given more at each try. */
const patience = { firstMs: 5_000, maxMs: 120_000 } as const;

export type LateRefreshOptions = {
  /** Number of the refresh that is under way; undefined where none is. */
  readonly underWay: () => number | undefined;
  /** Starts another refresh in its place. */
  readonly replace: () => void;
};

/**
 * Helps a refresh that does not end, as where its connection is dead and has not failed: what it waits for is asked for again, and after
 * that another refresh takes its place.
 */
export class LateRefresh {
  readonly #options: LateRefreshOptions;
  #patienceMs: number = patience.firstMs;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LateRefreshOptions) {
    this.#options = options;
  }

  /** The tab has waited for too long. */
  watch(help: () => void = askAgain): void {
    const { underWay, replace } = this.#options;
    const late = underWay();
    clearTimeout(this.#timer);
    if (late === undefined) return;
    this.#timer = setTimeout(() => {
      const isLate = underWay() === late;
      if (isLate) {
        this.#patienceMs = Math.min(this.#patienceMs * 2, patience.maxMs);
        help();
      }
      this.watch(isLate && help === askAgain ? replace : askAgain);
    }, this.#patienceMs);
  }
}
