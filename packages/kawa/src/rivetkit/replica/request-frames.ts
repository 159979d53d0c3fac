import { leftUntil } from "../../core/process/left-until.ts";
import type { RequestMessage } from "../wire/protocol.ts";

/**
 * Shortest time between two frames of writes while nothing of the first is answered. An engine with the settings of its makers lets 100
 * messages a second pass, and there are others.
 */
const gapMs = 20;
const maxRequests = 1_000;
const maxCharacters = 1024 * 1024;

/**
 * Puts requests into frames. Writes wait for the end of the turn, and until something of the frame before is answered: each write of many
 * callers in a frame of its own would cost more than the write, and frames that pile up in an engine get ever smaller. Any other request
 * goes at once, and takes along what waits.
 *
 *     empty ── write ─▶ waiting ── end of the turn; where a frame is unanswered: its first answer, or 20 ms after it ─▶ empty
 */
export class RequestFrames {
  readonly #send: (frame: string) => void;
  #areTaken = false;
  #waiting: string[] = [];
  /** Number of the first write that waits. */
  #firstWaiting: number | undefined;
  /** Number of the first write of the last frame, until a later one than those before it is answered. */
  #firstUnanswered: number | undefined;
  #isPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;

  /** @param send must not throw */
  constructor(send: (frame: string) => void) {
    this.#send = send;
  }

  /** True where a frame is about to be sent. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
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
    this.#firstWaiting ??= request.id;
    if (this.#firstUnanswered !== undefined) this.#planLater();
    else this.#plan();
  }

  /** The actor has answered a request. Requests are numbered in their order. */
  onAnswer(id: number): void {
    if (this.#firstUnanswered === undefined || id < this.#firstUnanswered) return;
    this.#firstUnanswered = undefined;
    if (this.#waiting.length > 0) this.#plan();
  }

  close(): void {
    this.#waiting = [];
    this.#firstWaiting = undefined;
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
    this.#timer = setTimeout(() => this.#flush(), leftUntil(this.#sentAt + gapMs));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#firstWaiting !== undefined) {
      this.#firstUnanswered = this.#firstWaiting;
      this.#firstWaiting = undefined;
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
