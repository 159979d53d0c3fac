import { type Change, type Entry, unknownEntry } from "../core/backend.ts";
import { batch, cell, type Cell } from "../core/reactive.ts";
import { decodeValue } from "../core/value.ts";
import type { Version } from "../core/version.ts";
import type { Delta, Row } from "./protocol.ts";

/**
 * This process's copy of the keys that it has read. It moves from version to version only as a whole; a row never
 * replaces a newer one.
 */
export class Replica {
  readonly #cells = new Map<string, Cell<Entry>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #version: Version = { epoch: "", seq: 0 };

  get version(): Version {
    return this.#version;
  }

  cell(key: string): Cell<Entry> {
    let found = this.#cells.get(key);
    if (!found) this.#cells.set(key, (found = cell<Entry>(unknownEntry)));
    return found;
  }

  isKnown(key: string): boolean {
    return this.#cells.get(key)?.peek().state !== undefined && this.#cells.get(key)!.peek().state !== "unknown";
  }

  knownKeys(): string[] {
    return [...this.#cells].filter(([, entry]) => entry.peek().state !== "unknown").map(([key]) => key);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Applies a delta. False when deltas in between were lost: then the replica has to ask what it missed. */
  applyDelta({ epoch, from, to, rows }: Delta): boolean {
    if (epoch !== this.#version.epoch || from > this.#version.seq) return false;
    if (to > this.#version.seq) {
      const known = rows.filter(([key]) => this.isKnown(key));
      this.#apply(known, { epoch, seq: to });
    }
    return true;
  }

  /** Takes over what was missed: rows that changed, in full up to `version`. */
  catchUp(rows: readonly Row[], version: Version): void {
    this.#apply(
      rows.filter(([key]) => this.isKnown(key)),
      version,
    );
  }

  /** Starts a new history: all rows are taken, even where their numbers are lower than those of the old one. */
  restart(rows: readonly Row[], version: Version): void {
    this.#version = { epoch: version.epoch, seq: 0 };
    for (const [key] of rows) this.cell(key).value = unknownEntry;
    this.#apply(rows, version);
  }

  /** Adds rows that were read or written at the current version. */
  learn(rows: readonly Row[]): void {
    batch(() => {
      for (const row of rows) this.#applyRow(row);
    });
  }

  #apply(rows: readonly Row[], version: Version): void {
    const keys: string[] = [];
    batch(() => {
      // Bump before notifying: a listener reads the version of what it sees.
      this.#version = version;
      for (const row of rows) if (this.#applyRow(row)) keys.push(row[0]);
    });
    if (keys.length === 0) return;
    const change: Change = { keys, version };
    for (const listener of this.#listeners) listener(change);
  }

  #applyRow([key, text, seq]: Row): boolean {
    const held = this.cell(key);
    const before = held.peek();
    if (before.state !== "unknown" && before.seq >= seq) return false;
    held.value = text === null ? { state: "absent", seq } : { state: "present", seq, value: decodeValue(text) };
    return true;
  }
}
