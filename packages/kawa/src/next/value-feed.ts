import type { Backend, Reader } from "../core/backend.ts";
import { textOf } from "../core/entry.ts";
import { clip, isKawaError } from "../core/errors.ts";
import { groupIn } from "../core/members.ts";
import type { BackedSignal } from "../core/signal.ts";
import { leaveOut } from "../core/unreadable.ts";
import { hiddenRow, type KnownValue, type ValueRow } from "../core/value-row.ts";
import { hub } from "./hub.ts";
import { streamLimits } from "./limits.ts";
import { ListPace } from "./list-pace.ts";
import { readRow } from "./read-values.ts";
import { reportSeldom } from "./report-seldom.ts";
import { turns } from "./turns.ts";

export type ValueFeedOptions = {
  /** Signals that browsers may read, each with what the browser knows of it. */
  readonly signals: ReadonlyMap<BackedSignal<unknown>, KnownValue>;
  /** Runs a function as who opened the stream. */
  readonly asOpener: <T>(fn: () => T) => T;
  /** There may be {@link ValueFeed.take new rows}. */
  readonly onRows: () => void;
  /** False while the browser does not read: then nothing is read for it either. */
  readonly isRead: () => boolean;
};

/** An actor that is away is asked again after this long. */
const retryMs = 5_000;

/** The values that one stream carries. Of each key only the newest waits to be sent. */
export class ValueFeed {
  readonly #options: ValueFeedOptions;
  readonly #rows = new Map<string, ValueRow>();
  /** The newest of each key that the browser has or is going to have. */
  readonly #known = new Map<string, { readonly seq: number; readonly epoch: string }>();
  readonly #changed = new Set<BackedSignal<unknown>>();
  #stops: (() => void)[] = [];
  /** What the browser has been told last of lists of members. */
  readonly #lists = new Map<string, string | null>();
  readonly #failed = new Set<BackedSignal<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  readonly #pace = new ListPace();
  #paceTimer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isQueued = false;

  constructor(options: ValueFeedOptions) {
    this.#options = options;
  }

  /** How many keys it follows. */
  get size(): number {
    return this.#options.signals.size;
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

  /**
   * Rows that have to be sent, as many as one event may have. {@link ValueFeedOptions.onRows} is called again for those that have to
   * wait.
   */
  take(): readonly ValueRow[] {
    const now = performance.now();
    const rows: ValueRow[] = [];
    let length = 0;
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [key, row] of this.#rows) {
      const rowLength = key.length + (row[1]?.length ?? 0);
      if (length + rowLength > streamLimits.maxEventLength && rows.length > 0) break;
      const ownMs = this.#pace.waitFor(row, now);
      if (ownMs > 0) waitMs = Math.min(waitMs, ownMs);
      else {
        this.#rows.delete(key);
        rows.push(row);
        length += rowLength;
      }
    }
    if (Number.isFinite(waitMs)) this.#takeIn(waitMs);
    return rows;
  }

  #takeIn(waitMs: number): void {
    clearTimeout(this.#paceTimer);
    this.#paceTimer = setTimeout(() => {
      this.#options.onRows();
      this.resume();
    }, Math.ceil(waitMs));
  }

  /** The browser reads again. */
  resume(): void {
    if (this.#changed.size > 0) void this.#read();
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

  /** One reading of a few keys at a time, and none before the browser has what was read for it; what changes meanwhile is read later. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let count = 0; this.#mayRead; count += 1) {
      if (count > 0) await turns().next();
      const byBackend = Map.groupBy(this.#takeChanged(), ({ backend }) => backend);
      await Promise.all([...byBackend].map(([backend, signals]) => this.#readFrom(backend, signals)));
      this.#options.onRows();
    }
    this.#isReading = false;
  }

  /** What still waits while the browser reads are a few lists that have to wait for their time. */
  get #mayRead(): boolean {
    return this.#changed.size > 0 && this.#rows.size < streamLimits.keysAtOnce && this.#options.isRead();
  }

  #takeChanged(): BackedSignal<unknown>[] {
    const some = [...this.#changed.values().take(streamLimits.keysAtOnce)];
    for (const signal of some) this.#changed.delete(signal);
    return some;
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
          else if (!leaveOut(signal.key, error)) reportSeldom("read", `Reading "${clip(signal.key)}" for a browser failed.`, error);
        }
      }),
    );
  }

  /** What is read later may be older. */
  #add(row: ValueRow): void {
    const [key, text, seq, epoch] = row;
    const known = this.#known.get(key);
    const isSameList = this.#isSameList(key, text);
    if (known?.epoch === epoch && known.seq >= seq) return;
    this.#known.set(key, { seq, epoch });
    if (!isSameList) this.#rows.set(key, row);
  }

  /** Of a member who is hidden nobody hears that it comes or goes: the list that is shown stays the same. */
  #isSameList(key: string, text: string | null): boolean {
    if (groupIn(key) === undefined) return false;
    const isSame = this.#lists.get(key) === text;
    this.#lists.set(key, text);
    return isSame;
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
