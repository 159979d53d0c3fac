import { StreamRun, type StreamRunOptions } from "./stream-run.ts";

/** Gap before the function of a stream is started again after it has failed; it doubles with each failure in a row. */
const restartMs = { first: 1_000, max: 30_000 } as const;
/** A run of this length was a good one: after it the gaps are short again. */
const wellMs = 30_000;

export type StreamProducerOptions<T> = Omit<StreamRunOptions<T>, "onFailure">;

/** Keeps the function of an inline stream running while it is to produce here, through its failures. */
export class StreamProducer<T> {
  readonly #options: StreamProducerOptions<T>;
  #run: StreamRun<T> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs: number = restartMs.first;

  constructor(options: StreamProducerOptions<T>) {
    this.#options = options;
  }

  /** Starts the function, once: it has to be said again and again. */
  start(): void {
    if (this.#run) this.#run.restore();
    else if (!this.#retry) this.#begin();
  }

  /** Idempotent. Resolves when what was written is stored, or is lost. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#retryMs = restartMs.first;
    const run = this.#run;
    this.#run = undefined;
    run?.end();
    await run?.whenWritten();
  }

  #begin(): void {
    const startedAt = performance.now();
    const onFailure = (error: unknown): void => {
      this.#run = undefined;
      if (performance.now() - startedAt >= wellMs) this.#retryMs = restartMs.first;
      console.error(
        `[kawa] Stream "${this.#options.name}" failed; it starts again in ${this.#retryMs / 1_000} s:`,
        error,
      );
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#begin();
      }, this.#retryMs).unref();
      this.#retryMs = Math.min(this.#retryMs * 2, restartMs.max);
    };
    const run = new StreamRun({ ...this.#options, onFailure });
    // Before it begins: it may fail at once.
    this.#run = run;
    run.begin();
  }
}
