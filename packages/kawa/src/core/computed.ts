import { derive, react, type ReadonlyCell, untracked } from "./reactive.ts";
import { collectReads, noteRead, type Readable } from "./reads.ts";

class Computed<T> implements Readable<T> {
  readonly #cell: ReadonlyCell<T>;
  // The reads of the last evaluation: a cached value is read without running the function again.
  #reads: ReadonlySet<Readable<unknown>> = new Set();

  constructor(fn: () => T) {
    this.#cell = derive(() => {
      const { reads, result } = collectReads(fn);
      this.#reads = reads;
      return result();
    });
  }

  get value(): T {
    try {
      return this.#cell.value;
    } finally {
      for (const read of this.#reads) noteRead(read);
    }
  }

  peek(): T {
    return untracked(() => this.#cell.peek());
  }

  subscribe(listener: (value: T) => void): () => void {
    return react(() => {
      const value = this.value;
      untracked(() => listener(value));
    });
  }
}

/**
 * A value derived from signals. It is computed when it is read, and again only after one of them changed.
 *
 * @example
 * const total = computed(() => apples.value + pears.value);
 */
export function computed<T>(fn: () => T): Readable<T> {
  return new Computed(fn);
}
