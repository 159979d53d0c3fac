import { backoff } from "../process/backoff.ts";
import { StreamRun, type StreamRunOptions } from "./stream-run.ts";

/** Gap before the function of a stream is started again after it has failed. */
const restart = { firstMs: 1_000, maxMs: 30_000 } as const;
/** A run that lasted this long was a good one: after it the gaps are short again. */
const wellMs = 30_000;

export type StreamProducerOptions<T> = Omit<StreamRunOptions<T>, "onFailure">;

/** Keeps the function of an inline stream running while this server is to produce its values: when it fails, it is started again. */
export class StreamProducer<T> {
  readonly #options: StreamProducerOptions<T>;
  #run: StreamRun<T> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failureCount = 0;

  constructor(options: StreamProducerOptions<T>) {
    this.#options = options;
  }

  /** Starts the function where it does not run. Called again and again for as long as this server is to produce. */
  start(): void {
    if (this.#run) this.#run.restore();
    else if (!this.#retry) this.#begin();
  }

  /** Idempotent. Resolves when what was written is stored, or is lost. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#failureCount = 0;
    const run = this.#run;
    this.#run = undefined;
    run?.end();
    await run?.whenWritten();
  }

  #begin(): void {
    const startedAt = performance.now();
    const onFailure = (error: unknown): void => {
      this.#run = undefined;
      if (performance.now() - startedAt >= wellMs) this.#failureCount = 0;
      this.#failureCount += 1;
      const retryMs = backoff(restart, this.#failureCount);
      console.error(`[kawa] Stream "${this.#options.name}" failed; it starts again in ${retryMs / 1_000} s:`, error);
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#begin();
      }, retryMs).unref();
    };
    const run = new StreamRun({ ...this.#options, onFailure });
    // The run may fail at once, so it is noted before it begins.
    this.#run = run;
    run.begin();
  }
}
