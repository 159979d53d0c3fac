type Batch = { readonly keys: string[]; readonly done: Promise<ReadonlyMap<string, unknown>> };

/** Reads keys, and resolves with the errors of those that were refused. */
export type ReadKeys = (keys: readonly string[]) => Promise<ReadonlyMap<string, unknown>>;

/** Loads keys: each once, and those that are asked for in one turn together. */
export class Loader {
  readonly #read: ReadKeys;
  readonly #loading = new Map<string, Promise<void>>();
  #next: Batch | undefined;

  constructor(read: ReadKeys) {
    this.#read = read;
  }

  load(key: string): Promise<void> {
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = this.#loadInNext(key).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  async #loadInNext(key: string): Promise<void> {
    const refused = await this.#addToNext(key);
    if (refused.has(key)) throw refused.get(key);
  }

  #addToNext(key: string): Batch["done"] {
    if (!this.#next) {
      const keys: string[] = [];
      const done = Promise.resolve().then(() => {
        this.#next = undefined;
        return this.#read(keys);
      });
      this.#next = { keys, done };
    }
    this.#next.keys.push(key);
    return this.#next.done;
  }
}
