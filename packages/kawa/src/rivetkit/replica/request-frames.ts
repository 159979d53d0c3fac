import type { RequestMessage } from "../wire/protocol.ts";

/**
 * Shortest time between two frames of writes while the actor has answered nothing: an engine with the settings of its makers lets 100
 * messages a second pass.
 */
const gapMs = 10;
const maxRequests = 1_000;
const maxCharacters = 1024 * 1024;

/**
 * Puts requests into frames. Writes wait for the end of the turn, and for what the actor says next: each write of many callers in a frame
 * of its own would cost more than the write. Any other request goes at once, and takes along what waits.
 *
 *     empty ── write ─▶ waiting ── end of the turn; where a frame is unanswered: its answer, or 10 ms after it ─▶ empty
 */
export class RequestFrames {
  readonly #send: (frame: string) => void;
  #areTaken = false;
  #waiting: string[] = [];
  #hasWrites = false;
  #isPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  /** A frame of writes is on the way, and nothing has come from the actor since. */
  #isUnanswered = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  /** @param send must not throw */
  constructor(send: (frame: string) => void) {
    this.#send = send;
  }

  /** True while a frame is about to be sent. */
  get isAboutToSend(): boolean {
    return this.#isPlanned;
  }

  /** The actor has said that it takes frames of several requests. One of an earlier version takes one request a frame. */
  beginFrames(): void {
    this.#areTaken = true;
  }

  add(request: RequestMessage): void {
    const text = JSON.stringify(request);
    if (!this.#areTaken) return this.#send(text);
    this.#waiting.push(text);
    if (request.type !== "write") return this.#flush();
    this.#hasWrites = true;
    if (this.#isUnanswered) this.#planLater();
    else this.#plan();
  }

  /** The actor has said something. */
  hear(): void {
    this.#isUnanswered = false;
    if (this.#waiting.length > 0) this.#plan();
  }

  close(): void {
    this.#waiting = [];
    this.#hasWrites = false;
    clearTimeout(this.#timer);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#flush();
    });
  }

  #planLater(): void {
    if (this.#isPlanned || this.#timer) return;
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#sentAt + gapMs - performance.now()));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#hasWrites) {
      this.#hasWrites = false;
      this.#isUnanswered = true;
      this.#sentAt = performance.now();
    }
    let frame: string[] = [];
    let characters = 0;
    const send = (): void => this.#send(frame.length === 1 ? frame[0]! : `[${frame.join(",")}]`);
    for (const text of this.#waiting.splice(0)) {
      if (frame.length === maxRequests || (frame.length > 0 && characters + text.length > maxCharacters)) {
        send();
        frame = [];
        characters = 0;
      }
      frame.push(text);
      characters += text.length;
    }
    if (frame.length > 0) send();
  }
}
