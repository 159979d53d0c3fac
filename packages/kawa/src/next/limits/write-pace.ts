import { processState } from "../../core/process/process-state.ts";
import { type LoopClock, loopClock } from "./loop-clock.ts";

/** One decision each, in milliseconds. */
const windowMs = 100;
/** The event loop counts as busy from this share of a window. What a write waits for elsewhere, as for a hook, is not made shorter by waiting. */
const busyShare = 0.8;
/** How long a write may take on a busy server, in milliseconds. */
const targetMs = 30;
/** What of a difference is made up for at each window: the effect of the last ones is not seen yet. */
const gain = 0.15;
/** After each window in which the server had time, so much is left. */
const decay = 0.95;
const holds = { minMs: 1, maxMs: 1_000 } as const;

/**
 * How long the answers to browsers that write without a pause are held back. Such a browser sends the next write when the last one is
 * answered. On a busy server all of them would always have a request in the line, and each write would wait for all others. With their answers
 * held back they send fewer and newer writes, and the line stays short. The writes themselves are not held back.
 */
export class WritePace {
  readonly #clock: LoopClock;
  #holdMs = 0;
  #sumMs = 0;
  #count = 0;
  #since: number;
  #idleSince: number;

  constructor(clock: LoopClock = loopClock) {
    this.#clock = clock;
    this.#since = clock.now();
    this.#idleSince = clock.idleMs();
  }

  /** How long the next answer is held back, in milliseconds; 0 while the server has time. Spread, or all would come back at once. */
  get holdMs(): number {
    return this.#holdMs * 2 * Math.random();
  }

  /** Counts a request that has written, from its arrival until it could be answered. */
  note(tookMs: number): void {
    this.#sumMs += tookMs;
    this.#count += 1;
    const now = this.#clock.now();
    if (now - this.#since >= windowMs) this.#decide(now);
  }

  #decide(now: number): void {
    const idleMs = this.#clock.idleMs();
    const passedMs = now - this.#since;
    const isBusy = idleMs - this.#idleSince < passedMs * (1 - busyShare);
    const next = isBusy
      ? this.#holdMs + gain * (this.#sumMs / this.#count - targetMs)
      : this.#holdMs * decay ** (passedMs / windowMs);
    this.#holdMs = next < holds.minMs ? 0 : Math.min(holds.maxMs, next);
    this.#sumMs = this.#count = 0;
    this.#since = now;
    this.#idleSince = idleMs;
  }
}

/** The pace of this process. */
export function writePace(): WritePace {
  return processState("write-pace", () => new WritePace());
}
