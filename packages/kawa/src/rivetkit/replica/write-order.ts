import { isUnder } from "../../core/backend/key.ts";

type Clearing = { readonly prefix: string; readonly done: Promise<unknown> };

/** How the parts of a clear are performed. */
export type ClearParts = {
  /** Deletes everything at once but what earlier writes are still on their way to. */
  first(except: readonly string[]): Promise<unknown>;
  /** Deletes the key of such a write when that has ended. */
  rest(key: string): Promise<unknown>;
};

/**
 * Writes of one key one after the other, in the order in which they were made. Nothing waits for a write of another key: a hook may take
 * its time. A clear is a write of all keys under its prefix.
 */
export class WriteOrder {
  /** The last write of each key. None of them rejects. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #clearing = new Set<Clearing>();

  add<T>(key: string, perform: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? this.#whenCleared(key);
    const work = before ? before.then(perform) : perform();
    this.#follow(key, work);
    return work;
  }

  async clear(prefix: string, { first, rest }: ClearParts): Promise<void> {
    const pending = [...this.#last].filter(([key]) => isUnder(prefix, key));
    const work = first(pending.map(([key]) => key));
    const clearing = { prefix, done: work.catch(() => {}) };
    this.#clearing.add(clearing);
    void clearing.done.then(() => this.#clearing.delete(clearing));
    const rests = pending.map(([key, before]) => {
      const later = Promise.all([before, work]).then(() => rest(key));
      this.#follow(key, later);
      return later;
    });
    await Promise.all([work, ...rests]);
  }

  #whenCleared(key: string): Promise<unknown> | undefined {
    const covering = [...this.#clearing].filter(({ prefix }) => isUnder(prefix, key));
    return covering.length === 0 ? undefined : Promise.all(covering.map(({ done }) => done));
  }

  #follow(key: string, work: Promise<unknown>): void {
    const done = work.then(
      () => {},
      () => {},
    );
    this.#last.set(key, done);
    void done.then(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
  }
}
