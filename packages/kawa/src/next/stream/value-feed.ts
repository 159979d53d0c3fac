import type { Backend, Reader } from "../../core/backend/backend.ts";
import { clip, isKawaError } from "../../core/errors/errors.ts";
import { isMemberList, type MemberList } from "../../core/backend/member-list.ts";
import { groupIn } from "../../core/backend/members.ts";
import { isQueryKey } from "../../core/collections/query-key.ts";
import { toValueRow } from "../../browser/value-row.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { leaveOut } from "../../core/value/unreadable.ts";
import type { KnownValue, ValueRow } from "../../browser/value-protocol.ts";
import { hub } from "./hub.ts";
import { streamLimits } from "../limits/limits.ts";
import { ListFeed } from "./list-feed.ts";
import { isGuardedForBrowsers, loadRows, type RowOf } from "../values/read-values.ts";
import { QueryRows } from "./rows-of-query.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import type { StreamEvents } from "../protocol/stream-protocol.ts";
import { turns } from "../limits/turns.ts";

export type ValueFeedOptions = {
  /** Signals that browsers may read, each with what the browser knows of it. */
  readonly signals: ReadonlyMap<BackedSignal<unknown>, KnownValue>;
  /** Address whose turns the feed takes to read. */
  readonly address: string;
  /** Runs a function as who opened the stream. */
  readonly asOpener: <T>(fn: () => T) => T;
  /** There may be {@link ValueFeed.take new rows}. */
  readonly onRows: () => void;
  /** True under backpressure: then nothing is read for the browser either. */
  readonly needsDrain: () => boolean;
};

/** Gap before an actor that is away is asked again. */
const retryMs = 5_000;

/** The values that one stream carries. Of each key only the newest waits to be sent. */
export class ValueFeed {
  readonly #options: ValueFeedOptions;
  readonly #rows = new Map<string, ValueRow>();
  /** The newest of each key that the browser has or is going to have. */
  readonly #known = new Map<string, { readonly seq: number; readonly epoch: string }>();
  readonly #changed = new Set<BackedSignal<unknown>>();
  #stops: (() => void)[] = [];
  readonly #lists = new ListFeed();
  readonly #queries = new QueryRows();
  /** The last text of each list that hooks have filtered. */
  readonly #shownLists = new Map<string, string | null>();
  readonly #failed = new Set<BackedSignal<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  readonly #paced = new Map<BackedSignal<unknown>, NodeJS.Timeout>();
  #paceTimer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isQueued = false;

  constructor(options: ValueFeedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#options.signals.size;
  }

  /** True while rows have to be sent, now or later. */
  get hasRows(): boolean {
    return this.#rows.size > 0 || this.#lists.size > 0;
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
    for (const timer of this.#paced.values()) clearTimeout(timer);
    this.#changed.clear();
  }

  /** What has to be sent, as much as one event may have. {@link ValueFeedOptions.onRows} is called again for what has to wait. */
  take(): StreamEvents["values"] | undefined {
    const rows: ValueRow[] = [];
    let length = 0;
    for (const [key, row] of this.#rows) {
      const rowLength = key.length + (row[1]?.length ?? 0);
      if (length + rowLength > streamLimits.maxEventLength && rows.length > 0) return { rows };
      this.#rows.delete(key);
      rows.push(row);
      length += rowLength;
    }
    const { whole, changes, waitMs } = this.#lists.take(length);
    if (Number.isFinite(waitMs)) this.#takeIn(waitMs);
    rows.push(...whole);
    if (changes.length > 0) return { rows, lists: changes };
    return rows.length > 0 ? { rows } : undefined;
  }

  #takeIn(waitMs: number): void {
    clearTimeout(this.#paceTimer);
    this.#paceTimer = setTimeout(() => {
      this.#options.onRows();
      this.resume();
    }, Math.ceil(waitMs));
  }

  /** The browser has drained what was buffered. */
  resume(): void {
    if (this.#changed.size > 0) void this.#read();
  }

  #onChange(signal: BackedSignal<unknown>): void {
    if (this.#waitsForPace(signal)) return;
    this.#changed.add(signal);
    if (this.#isQueued) return;
    this.#isQueued = true;
    // All keys of a change are sent together, and before its writer is answered.
    queueMicrotask(() => {
      this.#isQueued = false;
      this.#takeKnown();
      void this.#read();
    });
  }

  /** Hooks that filter a list are asked about each member: not more often than the browser may be told of the list. */
  #waitsForPace(signal: BackedSignal<unknown>): boolean {
    if (this.#paced.has(signal)) return true;
    const size = this.#shownLists.get(signal.key)?.length ?? 0;
    const waitMs = this.#lists.pace.waitFor(signal.key, size, performance.now());
    if (waitMs === 0) return false;
    const again = (): void => {
      this.#paced.delete(signal);
      this.#onChange(signal);
    };
    this.#paced.set(signal, setTimeout(again, Math.ceil(waitMs)));
    return true;
  }

  /** Takes what is in memory and no hook decides about. */
  #takeKnown(): void {
    for (const signal of this.#changed) {
      const { backend, key } = signal;
      const entry = backend.entry(key).peek();
      if (isGuardedForBrowsers(backend) || entry.state === "unknown") continue;
      this.#changed.delete(signal);
      for (const row of this.#queries.shown(signal, { entry, known: this.#known })) this.#add(row);
      if (isMemberList(entry)) this.#addList(key, entry, backend.version.epoch);
      else this.#addReadable(key, () => toValueRow(signal, entry, { epoch: backend.version.epoch, isGuarded: false }));
    }
    this.#options.onRows();
  }

  /** Reads a few keys at a time, and none before the browser has been sent those before. What changes meanwhile is read later. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let count = 0; this.#mayRead; count += 1) {
      if (count > 0 || this.#changed.size > streamLimits.keysAtOnce) await turns().next(this.#options.address);
      const byBackend = Map.groupBy(this.#takeChanged(), ({ backend }) => backend);
      await Promise.all([...byBackend].map(([backend, signals]) => this.#readFrom(backend, signals)));
      this.#options.onRows();
    }
    this.#isReading = false;
  }

  get #mayRead(): boolean {
    return this.#changed.size > 0 && this.#rows.size < streamLimits.keysAtOnce && !this.#options.needsDrain();
  }

  #takeChanged(): BackedSignal<unknown>[] {
    const some = [...this.#changed.values().take(streamLimits.keysAtOnce)];
    for (const signal of some) this.#changed.delete(signal);
    return some;
  }

  async #readFrom(backend: Backend, signals: readonly BackedSignal<unknown>[]): Promise<void> {
    // What one identity sees is read anew each time, and shared with no other.
    const reader: Promise<Reader> = this.#options.asOpener(() => backend.readerFor({ origin: "browser" }));
    await reader.catch(() => {});
    // Where hooks decide, each key fails by itself.
    const together = isGuardedForBrowsers(backend) ? signals.map((signal) => [signal]) : [signals];
    await Promise.all(
      together.map(async (some) => {
        try {
          const rowOf = await loadRows(await reader, some);
          for (const { key } of some) {
            const entry = isGuardedForBrowsers(backend) ? undefined : backend.entry(key).peek();
            if (isMemberList(entry)) this.#addList(key, entry, backend.version.epoch);
            else this.#addReadable(key, rowOf);
          }
        } catch (error) {
          for (const signal of some) this.#onFailure(signal, error);
        }
      }),
    );
  }

  #addList(key: string, list: MemberList, epoch: string): void {
    const known = this.#known.get(key);
    if (known?.epoch === epoch && known.seq === list.seq) this.#lists.noteKnown(key, { list, epoch });
    if (known?.epoch === epoch && known.seq >= list.seq) return;
    this.#known.set(key, { seq: list.seq, epoch });
    this.#lists.add(key, { list, epoch });
  }

  #addReadable(key: string, rowOf: RowOf): void {
    try {
      this.#add(rowOf(key));
    } catch (error) {
      if (!leaveOut(key, error)) throw error;
    }
  }

  #onFailure(signal: BackedSignal<unknown>, error: unknown): void {
    if (isKawaError(error) && error.retryable) this.#retry(signal);
    else reportSeldom("read", `Reading "${clip(signal.key)}" for a browser failed.`, error);
  }

  /** Adds a row, unless a newer one was added: reads may overtake each other. */
  #add(row: ValueRow): void {
    const [key, text, seq, epoch] = row;
    const known = this.#known.get(key);
    const isSameList = this.#isSameList(key, text);
    if (known?.epoch === epoch && known.seq >= seq) return;
    this.#known.set(key, { seq, epoch });
    if (!isSameList) this.#rows.set(key, row);
  }

  /** A hidden member or row must not be noticed by its coming and going: a list that reads the same is not sent again. */
  #isSameList(key: string, text: string | null): boolean {
    if (groupIn(key) === undefined && !isQueryKey(key)) return false;
    const isSame = this.#shownLists.get(key) === text;
    this.#shownLists.set(key, text);
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
