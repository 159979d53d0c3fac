import type { Backend, Reader } from "./backend.ts";
import { processState } from "../process/process-state.ts";

/** A key of a backend that was read. */
export type Read = { readonly backend: Backend; readonly key: string };

type Collector = { readonly reads: Set<Readable<unknown>> };

type ReaderOf = (backend: Backend) => Reader;

/** Anything whose current value can be read reactively: a signal or a computed. */
export interface Readable<T> {
  /** Current value. Tracked by computed, effect and the render that reads it. */
  readonly value: T;
  /** Current value, untracked. */
  peek(): T;
  /** Calls `listener` with the current value once it is known, and with each later one. Returns an unsubscribe. */
  subscribe(listener: (value: T) => void): () => void;
}

type Current = {
  collector: Collector | undefined;
  readerOf: ReaderOf | undefined;
  isForAll: boolean;
  isEachAlone?: true;
  tracked?: Set<Readable<unknown>> | undefined;
};

const current = processState<Current>("reads", () => ({ collector: undefined, readerOf: undefined, isForAll: false }));

/** Called by a signal when it is read. Computed values pass on the reads of their last evaluation. */
export function noteRead(readable: Readable<unknown>): void {
  current.collector?.reads.add(readable);
  current.tracked?.add(readable);
}

/** Adds what `fn` reads to `reads`, except what it reads untracked. */
export function trackReads<T>(reads: Set<Readable<unknown>> | undefined, fn: () => T): T {
  const { tracked } = current;
  current.tracked = reads;
  try {
    return fn();
  } finally {
    current.tracked = tracked;
  }
}

export type Collected<T> = {
  /** The signals that were read, directly or through computed values; also when the function threw. */
  readonly reads: ReadonlySet<Readable<unknown>>;
  /** Returns what the function returned, or throws what it threw. */
  readonly result: () => T;
};

/** Runs `fn` and remembers what it reads. */
export function collectReads<T>(fn: () => T): Collected<T> {
  const outer = current.collector;
  const collector: Collector = { reads: new Set() };
  current.collector = collector;
  try {
    const value = fn();
    return { reads: collector.reads, result: () => value };
  } catch (error) {
    return {
      reads: collector.reads,
      result: () => {
        throw error;
      },
    };
  } finally {
    current.collector = outer;
  }
}

/**
 * Reads as one identity: while `fn` runs, signals take their entries from `readerOf(backend)`, and computed values are
 * computed for this caller alone. It ends when `fn` returns, so `fn` must not wait.
 */
export function readAs<T>(readerOf: ReaderOf, fn: () => T): T {
  const outer = current.readerOf;
  current.readerOf = readerOf;
  try {
    return fn();
  } finally {
    current.readerOf = outer;
  }
}

export function isReadingAs(): boolean {
  return !!(current.readerOf ?? current.isEachAlone);
}

/** From now on computed values are computed for each reader. At build time each reader needs an error of its own, which says where it reads. */
export function readEachAlone(): void {
  current.isEachAlone = true;
}

/** True in an effect or a subscription, which see later values too, and in a computed value that is shared. */
export function isReadingForAll(): boolean {
  return current.isForAll;
}

/** Where the signals of a backend are read at this moment. */
export function readerIn(backend: Backend): Reader {
  return current.readerOf === undefined ? backend : current.readerOf(backend);
}

/**
 * Runs what others will see, or what outlives the reader that happens to start it, such as an effect: it reads as an anonymous caller,
 * and its reads do not count as this reader's.
 */
export function readForAll<T>(fn: () => T): T {
  const outer = { ...current };
  current.collector = current.readerOf = undefined;
  current.isForAll = true;
  try {
    return fn();
  } finally {
    Object.assign(current, outer);
  }
}
