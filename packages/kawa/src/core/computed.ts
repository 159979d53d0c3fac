import { createRunner, guardedEffect, nameOf, runAs, untracked } from "#platform";
import { derive, type ReadonlyCell } from "./process/reactive.ts";
import { collectReads, isReadingAs, noteRead, type Readable, readForAll } from "./backend/reads.ts";

class Computed<T> implements Readable<T> {
  readonly #fn: () => T;
  readonly #cell: ReadonlyCell<T>;
  // The reads of the last evaluation: a cached value is read without running the function again.
  #reads: ReadonlySet<Readable<unknown>> = new Set();

  constructor(fn: () => T) {
    this.#fn = fn;
    const runner = createRunner(() => nameOf("computed value", fn.name));
    this.#cell = derive(() => {
      const { reads, result } = readForAll(() => collectReads(() => runAs(runner, fn)));
      this.#reads = reads;
      return result();
    });
  }

  get value(): T {
    // A value that one identity sees must not be cached for another.
    if (isReadingAs()) return this.#fn();
    try {
      return this.#cell.value;
    } finally {
      for (const read of this.#reads) noteRead(read);
    }
  }

  peek(): T {
    if (isReadingAs()) return untracked(() => collectReads(this.#fn).result());
    return untracked(() => this.#cell.peek());
  }

  subscribe(listener: (value: T) => void): () => void {
    return guardedEffect(this, () => {
      const value = this.value;
      untracked(() => listener(value));
    });
  }
}

/**
 * A value derived from signals. It is computed when it is read, and again only after one of them changed. What `fn` returns
 * is shared by all who read it: change a copy.
 *
 * @example
 * const total = computed(() => apples.value + pears.value);
 */
export function computed<T>(fn: () => T): Readable<T> {
  return new Computed(fn);
}
