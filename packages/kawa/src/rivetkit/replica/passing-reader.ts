import { type Entry, type Reader, unknownEntry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { Loader } from "../../core/backend/loader.ts";
import { cell, type ReadonlyCell } from "../../core/process/reactive.ts";
import type { Row } from "../wire/protocol.ts";
import type { Replica } from "./replica.ts";

export type PassingReaderOptions = {
  readonly replica: Replica;
  /** Reads keys, and tells of those that the replica has no room for. */
  readonly read: (keys: readonly string[], onRow: (row: Row) => void) => Promise<ReadonlyMap<string, unknown>>;
};

/**
 * Values that everybody may see, for one request of a browser. Browsers choose keys: when the replica holds very many without a value,
 * further ones are known to this reader alone, and gone with it.
 */
export class PassingReader implements Reader {
  readonly #replica: Replica;
  readonly #own = new Map<string, Entry>();
  readonly #loader: Loader;

  constructor({ replica, read }: PassingReaderOptions) {
    this.#replica = replica;
    this.#loader = new Loader((keys) => read(keys, ([key, text, seq]) => this.#own.set(key, createEntry(seq, text))));
  }

  entry(key: string): ReadonlyCell<Entry> {
    if (this.#replica.isKnown(key)) return this.#replica.cell(key);
    return cell(this.#own.get(key) ?? unknownEntry);
  }

  async load(keys: readonly string[]): Promise<void> {
    const missing = keys.filter((key) => !this.#own.has(key) && !this.#replica.isKnown(key));
    if (missing.length > 0) await this.#loader.load(missing);
  }
}
