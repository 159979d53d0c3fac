import { tickMs } from "./open-streams.ts";

/** Why a stream ends: the server ends, its time is up, or who opened it is no longer signed in. */
export type StreamEnd = "restart" | "rotation" | "expired";

/**
 * When a stream ends, and why. Thousands are open: only an end that is near has a timer.
 *
 *     far ── less than a tick left ─▶ near ── time ─▶ onEnd
 */
export class StreamDeadline {
  readonly #onEnd: (why: StreamEnd) => void;
  #at = Number.POSITIVE_INFINITY;
  #why: StreamEnd = "rotation";
  /** Undefined while the end is far. */
  #timer: NodeJS.Timeout | undefined;

  constructor(onEnd: (why: StreamEnd) => void) {
    this.#onEnd = onEnd;
  }

  /** Sets an end; the earliest one counts. */
  endAfter(ms: number, why: StreamEnd): void {
    const now = performance.now();
    if (now + ms >= this.#at) return;
    this.#at = now + ms;
    this.#why = why;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.tick(now);
  }

  /** Called every {@link tickMs}. */
  tick(now: number): void {
    if (this.#timer || this.#at - now > tickMs) return;
    this.#timer = setTimeout(() => this.#onEnd(this.#why), Math.max(0, Math.ceil(this.#at - now)));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
