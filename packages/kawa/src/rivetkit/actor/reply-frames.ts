import type { ServerMessage } from "../wire/protocol.ts";

/** Longest time that a delta waits for an acknowledgement or an answer, in milliseconds. Earlier versions acknowledge no frame. */
const longestWaitMs = 20;

/**
 * Puts messages to one server into frames. Answers go at the end of the turn, and take along what waits. Deltas alone wait until the server
 * has acknowledged the frame before, and while an answer is about to go: where many servers write, each commit in a frame of its own to each
 * of them would cost more than the writes, and an engine that is busy with frames passes ever smaller ones.
 *
 *     empty ── answer, or delta while it is free ─▶ planned ── end of the turn ─▶ empty
 *       └── delta ─▶ waiting ── acknowledgement, answer, or 20 ms ─▶ planned
 */
export class ReplyFrames {
  readonly #send: (frame: readonly ServerMessage[]) => void;
  #frame: ServerMessage[] = [];
  #isPlanned = false;
  /** A frame is unacknowledged, or an answer is awaited. */
  #isHeld = false;
  /** The server waits for an answer that is about to go. */
  #isAwaited = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (frame: readonly ServerMessage[]) => void) {
    this.#send = send;
  }

  add(message: ServerMessage): void {
    this.#frame.push(message);
    if ("id" in message) this.#isAwaited = false;
    if (this.#isPlanned) return;
    if ("id" in message || !this.#isHeld) this.#plan();
    else this.#timer ??= setTimeout(() => this.#plan(), longestWaitMs);
  }

  /** The server has sent something: whatever it is, it comes after the last frame, or is on its way beside it. */
  acknowledge(): void {
    if (this.#isAwaited) return;
    this.#isHeld = false;
    if (this.#frame.length > 0) this.#plan();
  }

  /** The server has sent a write that is answered soon. The answer takes along what waits. */
  noteWrite(): void {
    this.#isAwaited = true;
    this.#isHeld = true;
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
      this.#isHeld = true;
      this.#send(this.#frame.splice(0));
    });
  }
}
