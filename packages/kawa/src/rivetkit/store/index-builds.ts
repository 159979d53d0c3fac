import { setTimeout as delay } from "node:timers/promises";
import { indexName } from "../../core/collections/entries.ts";
import { clip } from "../../core/errors/errors.ts";
import { backoff, type BackoffLimits } from "../../core/process/backoff.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { Write } from "../wire/protocol.ts";
import { builtKey } from "./collection-keys.ts";
import type { CollectionIndex } from "./defined-indexes.ts";
import type { StoreTasks } from "./store-tasks.ts";
import type { StoredCollections } from "./stored-collections.ts";

/** Rows that get an entry at a time: commits go on in between. */
const rowsAtOnce = 500;
const reportIntervalMs = 5_000;
const retries: BackoffLimits = { firstMs: 1_000, maxMs: 60_000 };

export type IndexBuildsOptions = {
  readonly collections: StoredCollections;
  readonly tasks: StoreTasks;
  /** Has to be called in a task. */
  readonly commitEntries: (keys: readonly string[]) => Promise<void>;
  readonly write: (write: Write) => Promise<void>;
  /** True where the store builds nothing: it was closed, or servers use another one. */
  readonly isOver: () => boolean;
  /** Waits between two tries, in milliseconds. @default time passes */
  readonly wait?: ((ms: number) => Promise<void>) | undefined;
};

/** Builds new indexes of collections that have rows already, one after the other. An actor that starts again begins the index anew. */
export class IndexBuilds {
  readonly #options: IndexBuildsOptions;
  #isRunning = false;

  constructor(options: IndexBuildsOptions) {
    this.#options = options;
  }

  /** Builds what is not built. Goes on by itself after a failure. */
  start(): void {
    const { collections, isOver } = this.#options;
    if (this.#isRunning || isOver() || collections.indexes.unbuilt.length === 0) return;
    this.#isRunning = true;
    void this.#run().finally(() => (this.#isRunning = false));
  }

  async #run(): Promise<void> {
    const { collections, isOver, wait = pause } = this.#options;
    let failureCount = 0;
    for (let [next] = collections.indexes.unbuilt; next && !isOver(); [next] = collections.indexes.unbuilt) {
      try {
        await this.#build(next);
        failureCount = 0;
      } catch (error) {
        if (isOver()) return;
        console.error(`[kawa] ${nameOf(next)} could not be built, and is begun again:`, error);
        failureCount += 1;
        await wait(backoff(retries, failureCount));
      }
    }
  }

  async #build(of: CollectionIndex): Promise<void> {
    const { collections, tasks, commitEntries, write } = this.#options;
    of.builtCount = 0;
    let reportedAt = performance.now();
    for (let after: string | undefined = ""; after !== undefined;) {
      const from: string = after;
      after = await tasks.add(async () => {
        const { keys, last } = await collections.nextEntries(of, { after: from, limit: rowsAtOnce });
        if (keys.length > 0) await commitEntries(keys);
        of.builtCount += keys.length;
        return last;
      });
      if (performance.now() - reportedAt < reportIntervalMs) continue;
      reportedAt = performance.now();
      console.info(`[kawa] ${nameOf(of)} is being built: ${of.builtCount} rows are in it.`);
    }
    await write({ key: builtKey(of), text: encodeValue("built", true) });
  }
}

async function pause(ms: number): Promise<void> {
  await delay(ms, undefined, { ref: false });
}

function nameOf({ collection, index }: CollectionIndex): string {
  return `The index of ${indexName(index)} of "${clip(collection)}"`;
}
