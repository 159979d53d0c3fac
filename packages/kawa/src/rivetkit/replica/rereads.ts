import { isKawaError } from "../../core/errors/errors.ts";
import type { Connection } from "./connection.ts";
import type { Replica } from "./replica.ts";

export type RereadsOptions = {
  readonly replica: Replica;
  /** Reads keys into the replica. Resolves with the errors of those that were refused. */
  readonly read: (connection: Connection, keys: readonly string[]) => Promise<ReadonlyMap<string, unknown>>;
};

/** Keeps a guarded replica up to date with what everybody may see: deltas bring it no values, so it reads what has changed. */
export class Rereads {
  readonly #replica: Replica;
  readonly #read: RereadsOptions["read"];
  /** Keys that have changed and could not be read again: the next connection does. */
  readonly #outdated = new Set<string>();
  readonly #running = new Map<string, Promise<unknown>>();

  constructor({ replica, read }: RereadsOptions) {
    this.#replica = replica;
    this.#read = read;
  }

  /** Reads keys that have changed or are no longer known, and those that are left of the connection before. */
  start(connection: Connection, changed: readonly string[]): void {
    for (const key of changed) if (this.#replica.isFollowed(key)) this.#outdated.add(key);
    if (this.#outdated.size === 0) return;
    const keys = [...this.#outdated];
    this.#outdated.clear();
    const groups = connection.isLocal ? keys.map((key) => [key]) : [keys];
    for (const group of groups) this.#readGroup(connection, group);
  }

  /** Resolves when the replica shows what has changed of these keys up to now. */
  async whenDone(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#running.get(key)));
  }

  #readGroup(connection: Connection, keys: readonly string[]): void {
    const forget = (left: Iterable<string>): void => this.#replica.forget([...left]);
    const work = this.#read(connection, keys).then(
      (refused) => forget(refused.keys()),
      (error) => {
        // A hook takes its time. The next read of the key asks for the value.
        if (isKawaError(error, "BACKEND_TIMEOUT")) return forget(keys);
        for (const key of keys) this.#outdated.add(key);
        connection.close();
      },
    );
    for (const key of keys) {
      const done = Promise.all([this.#running.get(key), work]).then(() => {
        if (this.#running.get(key) === done) this.#running.delete(key);
      });
      this.#running.set(key, done);
    }
  }
}
