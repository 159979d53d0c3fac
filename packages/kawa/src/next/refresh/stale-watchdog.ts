import type { RefreshWay, StaleWay } from "../protocol/stream-protocol.ts";
import type { ShownVersions } from "./refresh-queue.ts";
import { BehindClock } from "./behind-clock.ts";

/** A page that has shown less than there is for longer is reported, in milliseconds. */
const reportAfterMs = 5_000;

export type StaleWatchdogOptions = {
  readonly shown: () => ShownVersions;
  /** True while the tab is shown, has a stream, and shows less than it knows there is. */
  readonly isBehind: () => boolean;
  /** What has to happen for the page to be current. */
  readonly way: () => StaleWay;
  /** Since when, on the clock of `performance.now()`; undefined when nothing is wrong. */
  readonly onBehind: (since: number | undefined) => void;
  readonly onStale: (way: StaleWay) => void;
};

/** Compares what a tab shows with what was announced, and tells of a difference that lasts, whatever the reason: nothing need have failed. */
export class StaleWatchdog {
  readonly #options: StaleWatchdogOptions;
  readonly #clock: BehindClock = new BehindClock();
  /** Since when it is so; what was announced while the tab was hidden is no delay. */
  #behindAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told: number | undefined;
  #isReported = false;

  constructor(options: StaleWatchdogOptions) {
    this.#options = options;
  }

  announce(versions: string, way: RefreshWay): void {
    this.#clock.announce(versions, way);
  }

  /** A refresh begins. */
  begin(): void {
    this.#clock.begin();
  }

  /** A refresh has ended, and the next one has not begun. */
  end(): void {
    this.#clock.end(this.#options.shown());
  }

  /** Something of it may have changed. */
  look(): void {
    if (this.#options.isBehind()) this.#behindAt ??= performance.now();
    else {
      this.#behindAt = undefined;
      this.#clock.clear();
    }
    const since = this.#behindAt === undefined ? undefined : Math.max(this.#behindAt, this.#clock.since ?? 0);
    if (since === this.#told) return;
    this.#told = since;
    clearTimeout(this.#timer);
    this.#options.onBehind(since);
    if (since === undefined) this.#isReported = false;
    else if (!this.#isReported)
      this.#timer = setTimeout(() => this.report(), since + reportAfterMs - performance.now());
  }

  /** Reports it now: nobody tries any longer. Once, until the tab is current again. */
  report(way: StaleWay = this.#options.way()): void {
    if (this.#isReported) return;
    this.#isReported = true;
    clearTimeout(this.#timer);
    this.#options.onStale(way);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#told = this.#behindAt = undefined;
    this.#isReported = false;
  }
}
