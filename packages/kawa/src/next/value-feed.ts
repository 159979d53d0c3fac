import type { Backend, Reader } from "../core/backend.ts";
import { textOf } from "../core/entry.ts";
import { clip, isKawaError } from "../core/errors.ts";
import type { BackedSignal } from "../core/signal.ts";
import { leaveOut } from "../core/unreadable.ts";
import { hiddenRow, type KnownValue, type ValueRow } from "../core/value-row.ts";
import { hub } from "./hub.ts";
import { ListPace } from "./list-pace.ts";
import { readRow } from "./read-values.ts";

export type ValueFeedOptions = {
  /** Signals that browsers may read, each with what the browser knows of it. */
  readonly signals: ReadonlyMap<BackedSignal<unknown>, KnownValue>;
  /** Runs a function as who opened the stream. */
  readonly asOpener: <T>(fn: () => T) => T;
  /** There may be {@link ValueFeed.take new rows}. */
  readonly onRows: () => void;
};

/** An actor that is away is asked again after this long. */
const retryMs = 5_000;

/** The values that one stream carries. Of each key only the newest waits to be sent. */
export class ValueFeed {
  readonly #options: ValueFeedOptions;
  readonly #rows = new Map<string, ValueRow>();
  /** The newest of each key that the browser has or is going to have. */
  readonly #known = new Map<string, { readonly seq: number; readonly epoch: string }>();
  #changed = new Set<BackedSignal<unknown>>();
  #stops: (() => void)[] = [];
  readonly #failed = new Set<BackedSignal<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  readonly #pace = new ListPace();
  #paceTimer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isQueued = false;

  constructor(options: ValueFeedOptions) {
    this.#options = options;
  }

  /** Compares what the browser knows, and follows it from now on. */
  start(): void {
    for (const [signal, [key, seq, epoch]] of this.#options.signals) {
      this.#known.set(key, { seq, epoch });
      this.#changed.add(signal);
      this.#stops.push(hub().watchKey(signal.backend.id, key, () => this.#onChange(signal)));
    }
    void this.#read();
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    clearTimeout(this.#timer);
    clearTimeout(this.#paceTimer);
    this.#changed.clear();
  }

  /** Rows that have to be sent. {@link ValueFeedOptions.onRows} is called again for those that have to wait. */
  take(): readonly ValueRow[] {
    const now = performance.now();
    const rows: ValueRow[] = [];
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [key, row] of this.#rows) {
      const ownMs = this.#pace.waitFor(row, now);
      if (ownMs > 0) waitMs = Math.min(waitMs, ownMs);
      else {
        this.#rows.delete(key);
        rows.push(row);
      }
    }
    if (Number.isFinite(waitMs)) this.#takeIn(waitMs);
    return rows;
  }

  #takeIn(waitMs: number): void {
    clearTimeout(this.#paceTimer);
    this.#paceTimer = setTimeout(() => this.#options.onRows(), Math.ceil(waitMs));
  }

  #onChange(signal: BackedSignal<unknown>): void {
    this.#changed.add(signal);
    if (this.#isQueued) return;
    this.#isQueued = true;
    // All keys of a change go together, and still before its writer is answered.
    queueMicrotask(() => {
      this.#isQueued = false;
      this.#takeKnown();
      void this.#read();
    });
  }

  /** What is known to everybody needs not be waited for. */
  #takeKnown(): void {
    for (const signal of this.#changed) {
      const { backend, key } = signal;
      const entry = backend.entry(key).peek();
      if ((backend.isGuardedForBrowsers ?? backend.isGuarded) || entry.state === "unknown") continue;
      this.#changed.delete(signal);
      try {
        this.#add([key, textOf(key, entry), entry.seq, backend.version.epoch]);
      } catch (error) {
        if (!leaveOut(key, error)) throw error;
      }
    }
    this.#options.onRows();
  }

  /** One reading at a time; what changes meanwhile is read by the next one. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#changed.size > 0) {
      const changed = this.#changed;
      this.#changed = new Set();
      const byBackend = Map.groupBy(changed, ({ backend }) => backend);
      await Promise.all([...byBackend].map(([backend, signals]) => this.#readFrom(backend, signals)));
      this.#options.onRows();
    }
    this.#isReading = false;
  }

  async #readFrom(backend: Backend, signals: readonly BackedSignal<unknown>[]): Promise<void> {
    // What one identity sees is asked for anew each time, and kept for nobody else.
    const reader: Promise<Reader> = this.#options.asOpener(() => backend.readerFor({ origin: "browser" }));
    await Promise.all(
      signals.map(async (signal) => {
        try {
          this.#add((await readRow(await reader, signal)) ?? hiddenRow(signal.key));
        } catch (error) {
          if (isKawaError(error) && error.retryable) this.#retry(signal);
          else if (!leaveOut(signal.key, error)) console.error(`[kawa] Reading "${clip(signal.key)}" for a browser failed:`, error);
        }
      }),
    );
  }

  /** What is read later may be older. */
  #add(row: ValueRow): void {
    const [key, , seq, epoch] = row;
    const known = this.#known.get(key);
    if (known?.epoch === epoch && known.seq >= seq) return;
    this.#known.set(key, { seq, epoch });
    this.#rows.set(key, row);
  }

  #retry(signal: BackedSignal<unknown>): void {
    this.#failed.add(signal);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const failed of this.#failed) this.#onChange(failed);
      this.#failed.clear();
    }, retryMs);
  }
}
