import type { StaleWay } from "../protocol/stream-protocol.ts";
import { BehindClock } from "./behind-clock.ts";

/** A tab that shows less than was announced for longer is reported as stale, in milliseconds. */
const reportAfterMs = 5_000;

export type StaleWatchdogOptions = {
  /** True while the tab is shown, has a stream, and shows less than it knows there is. */
  readonly isBehind: () => boolean;
  /** What has to happen for the page to be current. */
  readonly way: () => StaleWay;
  /** Since when, on the clock of `performance.now()`; undefined when nothing is wrong. */
  readonly onBehind: (since: number | undefined) => void;
  readonly onStale: (way: StaleWay) => void;
};

/**
 * Decides that a tab is stale: it has shown less than was announced for {@link reportAfterMs}, whatever the reason. {@link RefreshQueue}
 * decides from each render whether it shows enough.
 */
export class StaleWatchdog {
  readonly #options: StaleWatchdogOptions;
  /** Is told what is announced, and when refreshes begin and end. */
  readonly clock: BehindClock = new BehindClock();
  /** Since when the tab is behind. Time in which it was hidden does not count. */
  #behindAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told: number | undefined;
  #isReported = false;

  constructor(options: StaleWatchdogOptions) {
    this.#options = options;
  }

  /** Compares again, after anything that may have changed the result. */
  look(): void {
    if (this.#options.isBehind()) this.#behindAt ??= performance.now();
    else {
      this.#behindAt = undefined;
      this.clock.clear();
    }
    const since = this.#behindAt === undefined ? undefined : Math.max(this.#behindAt, this.clock.since ?? 0);
    if (since === this.#told) return;
    this.#told = since;
    clearTimeout(this.#timer);
    this.#options.onBehind(since);
    if (since === undefined) this.#isReported = false;
    else if (!this.#isReported)
      this.#timer = setTimeout(() => this.report(), since + reportAfterMs - performance.now());
  }

  /** Reports the tab now, as when the queue has given up. Once, until the tab is current again; not where {@link look} finds nothing wrong. */
  report(way: StaleWay = this.#options.way()): void {
    if (this.#isReported || this.#told === undefined) return;
    this.#isReported = true;
    clearTimeout(this.#timer);
    this.#options.onStale(way);
  }
}
