import { drainTimeoutMs } from "./limits.ts";

/** How a client takes what it is sent. `gone`: it has been under backpressure for so long that it counts as gone. */
type Flow = "flowing" | "blocked" | "gone";

/**
 * Notices a client that does not drain its stream. While it is blocked, its owner renders, reads and sends nothing for it; once it is gone,
 * the owner ends the stream and closes the connection.
 *
 *     flowing ◀── drained ── backpressure ──▶ blocked ── `drainTimeoutMs` ──▶ gone
 */
export class DrainWatch {
  /** -1 while it flows. */
  #blockedAt = -1;

  /** @param needsDrain true under backpressure */
  look(needsDrain: boolean, now: number): Flow {
    if (!needsDrain) this.#blockedAt = -1;
    // A whole number takes no memory of its own, of which thousands are kept.
    else if (this.#blockedAt < 0) this.#blockedAt = Math.ceil(now);
    if (this.#blockedAt < 0) return "flowing";
    return now - this.#blockedAt < drainTimeoutMs ? "blocked" : "gone";
  }
}
