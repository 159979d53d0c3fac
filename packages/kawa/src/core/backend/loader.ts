/** Reads keys, and resolves with the errors of those that were refused. */
export type ReadKeys = (keys: readonly string[]) => Promise<ReadonlyMap<string, unknown>>;

type LoadBatch = { readonly keys: string[]; readonly refused: ReturnType<ReadKeys> };

/** Loads keys: each once, and all that are asked for in one turn together. */
export class Loader {
  readonly #read: ReadKeys;
  readonly #isApart: () => boolean;
  readonly #loading = new Map<string, LoadBatch>();
  #next: LoadBatch | undefined;

  /** @param options.isApart true where each key is read by itself: where that costs no message, a slow key holds up no other */
  constructor(read: ReadKeys, { isApart = () => false }: { readonly isApart?: () => boolean } = {}) {
    this.#read = read;
    this.#isApart = isApart;
  }

  /** Rejects with the error of a key that was refused. */
  async load(asked: readonly string[]): Promise<void> {
    const batches = new Set(asked.map((key) => this.#loading.get(key) ?? this.#addToNext(key)));
    for (const refused of await Promise.all([...batches].map((batch) => batch.refused))) {
      const key = asked.find((one) => refused.has(one));
      if (key !== undefined) throw refused.get(key);
    }
  }

  #addToNext(key: string): LoadBatch {
    const batch = this.#isApart() ? this.#begin() : (this.#next ??= this.#begin());
    batch.keys.push(key);
    this.#loading.set(key, batch);
    return batch;
  }

  #begin(): LoadBatch {
    const keys: string[] = [];
    const refused = Promise.resolve()
      .then(() => {
        if (this.#next?.keys === keys) this.#next = undefined;
        return this.#read(keys);
      })
      .finally(() => {
        for (const key of keys) this.#loading.delete(key);
      });
    return { keys, refused };
  }
}
