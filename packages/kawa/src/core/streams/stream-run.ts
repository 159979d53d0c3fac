import type { Entry, OperationOptions } from "../backend/backend.ts";
import type { ReactiveStream, StreamCleanup, StreamStart } from "./reactive-stream.ts";
import { reported } from "../process/reported-promise.ts";
import type { Read } from "../backend/reads.ts";

/** The identity of a stream that writes: the stream belongs to all viewers, and not to the first one. Hooks see this field. */
const asProducer: OperationOptions = { context: { isStreamProducer: true } };

/** The signal that a stream writes. */
type StreamTarget<T> = {
  readonly key: string;
  readonly read: Read;
  peek(): T;
  valueIn(entry: Entry): T;
};

export type StreamRunOptions<T> = {
  /** Name of the stream, for messages. */
  readonly name: string;
  /** Where the values go. */
  readonly target: StreamTarget<T>;
  readonly start: StreamStart<T>;
  /** Called at most once, and not after {@link StreamRun.end}. */
  readonly onFailure: (error: unknown) => void;
};

/** One run of the function of an inline stream, from its start to its clean-up. */
export class StreamRun<T> {
  readonly #options: StreamRunOptions<T>;
  readonly #controller = new AbortController();
  readonly #pending = new Set<Promise<unknown>>();
  #cleanUp: StreamCleanup | undefined;
  #latest: { readonly value: T } | undefined;
  /** An outage is reported once, however many values are lost in it. */
  #isOutageReported = false;

  constructor(options: StreamRunOptions<T>) {
    this.#options = options;
  }

  begin(): void {
    try {
      const result = this.#options.start(this.#handle());
      if (isPromise(result))
        result.then(
          (cleanUp) => this.#keep(cleanUp),
          (error) => this.fail(error),
        );
      else this.#keep(result);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    // Work that still runs at the end often fails because of it.
    if (this.#isOver) return;
    this.end();
    this.#options.onFailure(error);
  }

  end(): void {
    if (this.#isOver) return;
    this.#controller.abort();
    this.#keep(this.#cleanUp);
  }

  /** Resolves when what was written is stored, or is lost. */
  async whenWritten(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  /** Writes the last value again when the store has lost it, as when its actor was started anew. */
  restore(): void {
    const { backend, key } = this.#options.target.read;
    // Where reads are guarded, an absent value may be one that an anonymous caller must not see.
    if (!this.#latest || this.#pending.size > 0 || backend.isGuarded) return;
    if (backend.entry(key).peek().state === "absent") void this.#set(this.#latest.value);
  }

  get #isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  #handle(): ReactiveStream<T> {
    const valueOf = (): T => (this.#latest ? this.#latest.value : this.#options.target.peek());
    return {
      get value() {
        return valueOf();
      },
      signal: this.#controller.signal,
      set: (value) => this.#set(value),
      update: (fn) => this.#update(fn),
      fail: (error) => this.fail(error),
    };
  }

  /** Keeps the clean-up for the end. One that comes after the end is called at once. */
  #keep(cleanUp: unknown): void {
    if (typeof cleanUp !== "function") return;
    if (!this.#isOver) return void (this.#cleanUp = cleanUp as StreamCleanup);
    this.#cleanUp = undefined;
    try {
      cleanUp();
    } catch (error) {
      console.error(`[kawa] The clean-up of stream "${this.#options.name}" threw:`, error);
    }
  }

  #set(value: T): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    const { backend, key } = this.#options.target.read;
    const written = (this.#latest = { value });
    const work = backend.set(key, value, asProducer).catch((error: unknown) => {
      if (this.#latest === written) this.#latest = undefined;
      throw error;
    });
    return this.#report("Writing", work);
  }

  #update(fn: (current: T) => T): Promise<T> {
    const { target } = this.#options;
    if (this.#isOver) return Promise.resolve(target.peek());
    const { backend, key } = target.read;
    const work = backend.update(key, (entry: Entry) => fn(target.valueIn(entry)), asProducer) as Promise<T>;
    return this.#report(
      "Updating",
      work.then((value) => (this.#latest = { value }).value),
    );
  }

  #report<R>(doing: string, work: Promise<R>): Promise<R> {
    this.#pending.add(work);
    work.then(
      () => {
        this.#pending.delete(work);
        this.#isOutageReported = false;
      },
      () => this.#pending.delete(work),
    );
    return reported(`${doing} stream "${this.#options.name}"`, work, (message, error) => {
      if (!this.#isOutageReported) console.error(message, error);
      this.#isOutageReported = true;
    });
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
