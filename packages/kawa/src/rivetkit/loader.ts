import type { ActorLink } from "./actor-link.ts";

type Batch = { readonly keys: string[]; readonly done: Promise<void> };

/** Loads keys into the replica: each once, and those that are asked for in one turn together. */
export class Loader {
  readonly #link: ActorLink;
  readonly #timeoutMs: number;
  readonly #loading = new Map<string, Promise<void>>();
  #next: Batch | undefined;

  constructor(link: ActorLink, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  load(key: string): Promise<void> {
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = this.#addToNext(key).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  #addToNext(key: string): Promise<void> {
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

  async #read(keys: readonly string[]): Promise<void> {
    const deadline = performance.now() + this.#timeoutMs;
    for (;;) {
      const connection = await this.#link.whenConnected(deadline);
      try {
        return await this.#link.read(connection, keys);
      } catch (error) {
        await this.#link.drop(connection, error);
      }
    }
  }
}
