import type { ServerMessage } from "../wire/protocol.ts";

/** Longest time that a delta waits for the acknowledgement of the frame before, in milliseconds. Earlier versions acknowledge none. */
const longestWaitMs = 10;

/**
 * Puts messages to one server into frames. Answers go at the end of the turn, and take along what waits. Deltas alone wait until the server
 * has acknowledged the frame before: where many servers write, each commit in a frame of its own to each of them would cost more than the
 * writes, and an engine that is busy with frames passes ever smaller ones.
 *
 *     empty ── answer, or delta while nothing is unacknowledged ─▶ planned ── end of the turn ─▶ empty
 *       └── delta ─▶ waiting ── acknowledgement, answer, or 10 ms ─▶ planned
 */
export class ReplyFrames {
  readonly #send: (frame: readonly ServerMessage[]) => void;
  #frame: ServerMessage[] = [];
  #isPlanned = false;
  #isUnacknowledged = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (frame: readonly ServerMessage[]) => void) {
    this.#send = send;
  }

  add(message: ServerMessage): void {
    this.#frame.push(message);
    if (this.#isPlanned) return;
    if ("id" in message || !this.#isUnacknowledged) this.#plan();
    else this.#timer ??= setTimeout(() => this.#plan(), longestWaitMs);
  }

  /** The server has sent something: whatever it is, it comes after the last frame, or is on its way beside it. */
  acknowledge(): void {
    this.#isUnacknowledged = false;
    if (this.#frame.length > 0) this.#plan();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#frame = [];
  }

  #plan(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      if (this.#frame.length === 0) return;
      this.#isUnacknowledged = true;
      this.#send(this.#frame.splice(0));
    });
  }
}
