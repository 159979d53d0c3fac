import { type Entry, type Reader, unknownEntry } from "../core/backend.ts";
import { createPresentEntry } from "../core/entry.ts";
import { cell, type Cell, type ReadonlyCell } from "../core/reactive.ts";
import type { ActorLink } from "./actor-link.ts";
import { Loader } from "./loader.ts";
import { fromReplyError } from "./refusal.ts";

export type GuardedReaderOptions = {
  readonly link: ActorLink;
  /** Encoded identity; undefined for nobody. */
  readonly context: string | undefined;
  readonly timeoutMs: number;
};

/**
 * What one identity may see, asked of the actor's hooks key by key. It lives as long as the render that made it, and nobody
 * else ever reads from it.
 */
export class GuardedReader implements Reader {
  readonly #cells = new Map<string, Cell<Entry>>();
  readonly #loader: Loader;

  constructor({ link, context, timeoutMs }: GuardedReaderOptions) {
    this.#loader = new Loader(async (keys) => {
      const { rows, refused = [] } = await link.ask(performance.now() + timeoutMs, (connection) =>
        connection.ask("read", { keys, ...(context === undefined ? {} : { context }) }),
      );
      for (const [key, text, seq] of rows) this.#cell(key).value = text === null ? { state: "absent", seq } : createPresentEntry(seq, text);
      return new Map(refused.map(([key, error]) => [key, fromReplyError(error)]));
    });
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.#cell(key);
  }

  async load(keys: readonly string[]): Promise<void> {
    const missing = keys.filter((key) => this.#cell(key).peek().state === "unknown");
    await Promise.all(missing.map((key) => this.#loader.load(key)));
  }

  #cell(key: string): Cell<Entry> {
    let found = this.#cells.get(key);
    if (!found) this.#cells.set(key, (found = cell<Entry>(unknownEntry)));
    return found;
  }
}
