import type { Backend } from "./backend.ts";
import { processState } from "./process-state.ts";

/** A key of a backend that somebody read. */
export type Read = { readonly backend: Backend; readonly key: string };

type Collector = { readonly reads: Set<Readable<unknown>> };

/** Anything whose current value can be read reactively: a signal or a computed. */
export interface Readable<T> {
  /** Current value. Tracked by computed, effect and the render that reads it. */
  readonly value: T;
  /** Current value, untracked. */
  peek(): T;
  /** Calls `listener` with the current value once it is known, and with each later one. Returns an unsubscribe. */
  subscribe(listener: (value: T) => void): () => void;
}

const current = processState<{ collector: Collector | undefined }>("reads", () => ({ collector: undefined }));

/** Called by a signal when it is read. Computed values pass on the reads of their last evaluation. */
export function noteRead(readable: Readable<unknown>): void {
  current.collector?.reads.add(readable);
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
