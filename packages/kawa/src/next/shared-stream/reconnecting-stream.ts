import { backoff } from "../../core/process/backoff.ts";
import { heartbeatIntervalMs, type StreamRequest } from "../protocol/stream-protocol.ts";
import { DueTimer } from "./due-timer.ts";
import { createEventParser } from "./event-parser.ts";

const reconnectMs = { firstMs: 300, maxMs: 10_000 } as const;
/** The connection is dead although it was not closed, as after sleep. */
const deadMs = 2.3 * heartbeatIntervalMs;
/** A stream that is silent for this many times the promised gap may be dead: it no longer counts as live, and another one is opened. */
const silenceFactor = 1.2;
/** A server that was held up is not asked by all browsers at once. */
const probeMs = 3_000;

type ReconnectingStreamOptions = {
  src: string;
  /** What a new stream asks for. */
  request: () => StreamRequest;
  onEvent: (name: string, data: Readonly<Record<string, unknown>>) => void;
  /** A stream is there, or none is and that was not planned. */
  onUp: (isUp: boolean) => void;
  /** The answer was no stream. */
  onRefused: (why: string) => void;
};

/** The stream that has said hello. */
type Current = { readonly own: AbortController; state: "live" | "silent" };
/** The one that is to take its place. Once outdated, it no longer asks for what the tabs show. */
type Next = { readonly own: AbortController; state: "opening" | "outdated" };

/**
 * Keeps one stream open through lost networks, restarts and sleep. The current one ends when the next one has said hello, so that
 * nothing is lost.
 *
 *     current:  none ── hello ─▶ live ◀─ heard ── silence ─▶ silent      live, silent ── bye, end ─▶ none
 *                                  ▲────────── hello ──────────┘
 *     next:     none ── open ─▶ opening ── open ─▶ outdated              opening, outdated ── hello, end ─▶ none
 *
 * Both are none when it is closed. The next one is opened after a while when there is neither, when one has failed, and when the
 * current one is silent; after the hello of one that is outdated, at once.
 */
export class ReconnectingStream {
  readonly #options: ReconnectingStreamOptions;
  #current: Current | undefined;
  #next: Next | undefined;
  /** Opens the next one. */
  readonly #timer: DueTimer = new DueTimer();
  readonly #silence: DueTimer = new DueTimer();
  /** Longest time until the current one says something. */
  #withinMs = heartbeatIntervalMs;
  #failureCount = 0;
  #lastReadAt = 0;
  /** The server refuses new streams until then (`Retry-After`). */
  #notBefore = 0;

  constructor(options: ReconnectingStreamOptions) {
    this.#options = options;
  }

  /** Opens a stream with the present request. */
  open(): void {
    if (this.#next) {
      this.#next.state = "outdated";
      return;
    }
    const waitMs = this.#notBefore - Date.now();
    if (waitMs > 0) return this.#openAfter(waitMs);
    this.#timer.clear();
    const own = new AbortController();
    this.#next = { own, state: "opening" };
    this.#read(own)
      .catch((): Ended => ({}))
      .then((ended) => this.#end(own, ended));
  }

  /** Something suggests that the network is back, or that the tab was asleep. */
  revive(): void {
    if (!this.#current || Date.now() - this.#lastReadAt > deadMs) this.open();
  }

  /** Does what is overdue where timers are held up. */
  check(): void {
    this.#silence.check();
    this.#timer.check();
  }

  close(): void {
    this.#timer.clear();
    this.#silence.clear();
    this.#current?.own.abort();
    this.#next?.own.abort();
    this.#current = this.#next = undefined;
  }

  /** Resolves at the end of the stream. */
  async #read(own: AbortController): Promise<Ended> {
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const noteLife = (): void => {
      this.#lastReadAt = Date.now();
      clearTimeout(watchdog);
      watchdog = setTimeout(() => own.abort(), deadMs);
      if (own === this.#current?.own) this.#expectMore(this.#current);
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
    const isCurrent = own === this.#current?.own;
    if (name === "hello" || (name === "ping" && isCurrent))
      this.#withinMs = Number(data["withinMs"]) || heartbeatIntervalMs;
    if (name === "hello" && own === this.#next?.own) this.#goLive(this.#next);
    if (name === "bye" && isCurrent) {
      this.#lose();
      if (!this.#next) this.#openAfter(Math.random() * (Number(data["withinMs"]) || 0));
    }
    // A `renewed` event of the old stream does not concern what the next stream was asked for.
    if (name !== "renewed" || own === (this.#next ?? this.#current)?.own) this.#options.onEvent(name, data);
  }

  #goLive({ own, state }: Next): void {
    this.#current?.own.abort();
    this.#current = { own, state: "live" };
    this.#next = undefined;
    this.#failureCount = 0;
    this.#options.onUp(true);
    if (state === "outdated") this.open();
  }

  #lose(): void {
    this.#current = undefined;
    this.#silence.clear();
  }

  #end(own: AbortController, { retryAfterMs = 0, problem }: Ended): void {
    if (own === this.#next?.own) {
      if (problem && retryAfterMs === 0) this.#options.onRefused(problem);
      this.#next = undefined;
    } else if (own === this.#current?.own) {
      this.#lose();
      // The next stream is on its way already.
      if (this.#next) return;
    } else return;
    if (!this.#current) this.#options.onUp(false);
    this.#notBefore = Date.now() + retryAfterMs;
    this.#failureCount += 1;
    this.#openAfter(retryAfterMs + Math.random() * backoff(reconnectMs, this.#failureCount));
  }

  /** The current one has said something, and has to say something again in time. */
  #expectMore(current: Current): void {
    if (current.state === "silent") {
      current.state = "live";
      this.#timer.clear();
      this.#options.onUp(true);
    }
    this.#silence.set(this.#withinMs * silenceFactor, () => {
      current.state = "silent";
      this.#options.onUp(false);
      if (!this.#next) this.#openAfter(Math.random() * probeMs);
    });
  }

  #openAfter(delayMs: number): void {
    this.#timer.set(delayMs, () => this.open());
  }
}

type Ended = {
  /** The server refuses new streams for this long. */
  readonly retryAfterMs?: number;
  /** Why the answer was no stream at all. */
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
