import { randomUUID } from "node:crypto";
import type { IndexFields } from "../../core/collections/entries.ts";
import { definedFor } from "../../core/collections/known-collections.ts";
import { idIndex } from "../../core/collections/moves.ts";
import { definedKey, definedText } from "../store/collection-keys.ts";
import type { Write } from "../wire/protocol.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { queryKey } from "../../core/collections/query-key.ts";
import type { Connection } from "./connection.ts";
import type { ActorLink } from "./actor-link.ts";

export type DeclarationsOptions = {
  readonly link: ActorLink;
  readonly timeoutMs: number;
  /** Throws for one that cannot be kept, by the prefix of its rows' keys. */
  readonly checkCollection?: ((prefix: string) => void) | undefined;
};

/** Tells the actor of the collections that this process has defined, each before it is first used. */
export class Declarations {
  readonly #options: DeclarationsOptions;
  readonly #client = randomUUID();
  #number = 0;
  /** Collections that the actor knows, with how many indexes. */
  readonly #declared = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  #epoch = "";

  constructor(options: DeclarationsOptions) {
    this.#options = options;
  }

  /**
   * Undefined where the actor knows the collections of all keys already.
   *
   * @throws {KawaError} COLLECTIONS_UNSUPPORTED, OPTION_INVALID - the actor cannot keep the collection
   */
  due(keys: readonly string[]): Promise<void> | undefined {
    let due: Promise<void>[] | undefined;
    for (const key of keys) {
      const defined = definedFor(key);
      if (!defined || this.#knows(defined.collection, defined.indexes.size)) continue;
      (due ??= []).push(this.#declare(defined.collection, [...defined.indexes.values()]));
    }
    // Another index may have been defined meanwhile.
    return due && Promise.all(due).then(() => this.due(keys));
  }

  /** Call before writes are sent. Since they were made, another incarnation may have come, whose storage was emptied. */
  dueOf(writes: readonly Write[]): Promise<void> | undefined {
    return this.due(writes.flatMap((write) => ("key" in write ? write.key : [])));
  }

  #knows(collection: string, count: number): boolean {
    const { epoch } = this.#options.link.replica.version;
    // A store that was made anew knows nothing.
    if (epoch !== this.#epoch) this.#declared.clear();
    this.#epoch = epoch;
    return (this.#declared.get(collection) ?? -1) >= count;
  }

  #declare(collection: string, indexes: readonly IndexFields[]): Promise<void> {
    let running = this.#running.get(collection);
    if (!running) {
      running = this.#send(collection, indexes).finally(() => this.#running.delete(collection));
      this.#running.set(collection, running);
    }
    return running;
  }

  async #send(collection: string, indexes: readonly IndexFields[]): Promise<void> {
    const { link, timeoutMs, checkCollection } = this.#options;
    checkCollection?.(collection);
    const writes = [idIndex, ...indexes].map((index): Write => ({
      key: definedKey({ collection, index }),
      text: definedText,
    }));
    const number = (this.#number += 1);
    const { epoch } = await link.ask(performance.now() + timeoutMs, async (connection) => {
      await checkActor(connection);
      // Another one with a higher number may be faster.
      return connection.ask("write", { client: this.#client, number, settled: 0, writes });
    });
    if (epoch === link.replica.version.epoch) this.#epoch = epoch;
    this.#declared.set(collection, indexes.length);
  }
}

/** An actor of an earlier version would keep rows as signals. It does not know the key of this query, and one that keeps collections refuses it. */
const unknownQuery = queryKey({
  collection: "none",
  kind: "rows",
  index: idIndex,
  from: "",
  to: "",
  isDescending: false,
  limit: 1,
});

async function checkActor(connection: Connection): Promise<void> {
  const { refused = [] } = await connection.ask("read", { keys: [unknownQuery], isPastHooks: true });
  if (refused.some(([, { code }]) => code === "INDEX_MISSING")) return;
  throw new KawaError(
    "COLLECTIONS_UNSUPPORTED",
    "The actor runs in a process with an earlier version of Kawa, which keeps no collections. Restart it.",
  );
}
