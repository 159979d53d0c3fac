import { pingIntervalMs, type StreamRequest } from "../protocol/stream-protocol.ts";
import { DueTimer } from "./due-timer.ts";
import { createEventParser } from "./event-parser.ts";

const reconnectMs = { first: 300, max: 10_000 } as const;
/** The connection is dead although nobody said so, as after sleep. */
const silenceMs = 2.3 * pingIntervalMs;
/** A stream that is silent for so many times as long as the server has promised may be dead: it is not live, and another one is tried. */
const quietFactor = 1.2;
/** A server that was held up is not asked by all browsers at once. */
const probeMs = 3_000;

export type LiveStreamOptions = {
  src: string;
  /** What a new stream asks for. */
  request: () => StreamRequest;
  onEvent: (name: string, data: Readonly<Record<string, unknown>>) => void;
  /** A stream is there, or none is and that was not planned. */
  onUp: (isUp: boolean) => void;
  /** What answered was no stream. */
  onRefused: (why: string) => void;
};

/** Keeps one stream open through lost networks, restarts and sleep. */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  /** The stream that has said hello. */
  #live: AbortController | undefined;
  #opening: AbortController | undefined;
  /** What is being opened no longer asks for the right thing. */
  #isOutdated = false;
  readonly #timer: DueTimer = new DueTimer();
  readonly #silence: DueTimer = new DueTimer();
  /** Longest time until the stream that is live says something. */
  #withinMs = pingIntervalMs;
  #isQuiet = false;
  #failureCount = 0;
  #lastReadAt = 0;
  /** The server has asked to be left alone until then. */
  #notBefore = 0;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
  }

  /** Opens a stream with the present request. The one before ends when the new one has said hello: nothing is lost. */
  open(): void {
    if (this.#opening) {
      this.#isOutdated = true;
      return;
    }
    const waitMs = this.#notBefore - Date.now();
    if (waitMs > 0) return this.#openAfter(waitMs);
    this.#timer.clear();
    const own = (this.#opening = new AbortController());
    this.#read(own)
      .catch((): Ended => ({}))
      .then((ended) => this.#end(own, ended));
  }

  /** Something suggests that the network is back, or that the tab was asleep. */
  revive(): void {
    if (!this.#live || Date.now() - this.#lastReadAt > silenceMs) this.open();
  }

  /** Does what is overdue where timers are held up. */
  check(): void {
    this.#silence.check();
    this.#timer.check();
  }

  close(): void {
    this.#timer.clear();
    this.#silence.clear();
    this.#isQuiet = false;
    for (const stream of [this.#live, this.#opening]) stream?.abort();
    this.#live = this.#opening = undefined;
  }

  /** Resolves at the end of the stream. */
  async #read(own: AbortController): Promise<Ended> {
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const noteLife = (): void => {
      this.#lastReadAt = Date.now();
      clearTimeout(watchdog);
      watchdog = setTimeout(() => own.abort(), silenceMs);
      if (own === this.#live) this.#expectMore();
    };
    try {
      noteLife();
      const { ok, status, headers, body } = await fetch(this.#options.src, {
        method: "POST",
        body: JSON.stringify(this.#options.request()),
        headers: { accept: "text/event-stream", "content-type": "application/json" },
        credentials: "same-origin",
        cache: "no-store",
        signal: own.signal,
      });
      if (!ok) {
        own.abort();
        return { retryAfterMs: parseRetryAfter(headers.get("retry-after")), problem: `it was answered with ${status}` };
      }
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      const parse = createEventParser((name, data) => this.#receive(own, name, data));
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { problem: "something else answered" };
        parse(value);
        noteLife();
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  #receive(own: AbortController, name: string, text: string): void {
    if (own.signal.aborted) return;
    const data = parseObject(text);
    if (!data) return;
    if (name === "hello" || (name === "ping" && own === this.#live))
      this.#withinMs = Number(data["withinMs"]) || pingIntervalMs;
    if (name === "hello" && own === this.#opening) {
      this.#live?.abort();
      this.#live = own;
      this.#opening = undefined;
      this.#failureCount = 0;
      this.#isQuiet = false;
      this.#options.onUp(true);
      if (this.#isOutdated) {
        this.#isOutdated = false;
        this.open();
      }
    }
    if (name === "bye" && own === this.#live) {
      this.#live = undefined;
      this.#silence.clear();
      this.#openAfter(Math.random() * (Number(data["withinMs"]) || 0));
    }
    // What the stream before goes on with is nothing that the next one was asked for.
    if (name !== "renewed" || own === (this.#opening ?? this.#live)) this.#options.onEvent(name, data);
  }

  #end(own: AbortController, { retryAfterMs = 0, problem }: Ended): void {
    if (own === this.#opening) {
      if (problem && retryAfterMs === 0) this.#options.onRefused(problem);
      this.#opening = undefined;
      this.#isOutdated = false;
    } else if (own === this.#live) {
      this.#live = undefined;
      this.#silence.clear();
      // Another one is on its way.
      if (this.#opening) return;
    } else return;
    if (!this.#live) this.#options.onUp(false);
    this.#notBefore = Date.now() + retryAfterMs;
    const backoffMs = Math.min(reconnectMs.max, reconnectMs.first * 2 ** this.#failureCount);
    this.#failureCount += 1;
    this.#openAfter(retryAfterMs + Math.random() * backoffMs);
  }

  /** The stream has said something, and has to say something again in time. */
  #expectMore(): void {
    if (this.#isQuiet) {
      this.#isQuiet = false;
      this.#timer.clear();
      this.#options.onUp(true);
    }
    this.#silence.set(this.#withinMs * quietFactor, () => {
      this.#isQuiet = true;
      this.#options.onUp(false);
      if (!this.#opening) this.#openAfter(Math.random() * probeMs);
    });
  }

  #openAfter(delayMs: number): void {
    this.#timer.set(delayMs, () => this.open());
  }
}

type Ended = {
  /** The server wants to be left alone for so long. */
  readonly retryAfterMs?: number;
  /** Nothing that ever was a stream. */
  readonly problem?: string;
};

/** The header holds seconds or a date. */
function parseRetryAfter(text: string | null): number {
  return Math.max(0, Number(text) * 1000 || Date.parse(text ?? "") - Date.now() || 0);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value instanceof Object ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
