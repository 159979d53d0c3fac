import { type Change, type Entry, unknownEntry } from "../core/backend.ts";
import { notify, reportErrors } from "../core/notify.ts";
import { batch, cell, type Cell } from "../core/reactive.ts";
import { createEntry } from "../core/entry.ts";
import { Snapshots } from "../core/snapshots.ts";
import type { Version } from "../core/version.ts";
import { type Deferred, deferred } from "./deferred.ts";
import type { Delta, Row } from "./protocol.ts";

/**
 * This process's copy of the keys that it has read. It moves from version to version only as a whole; a row never
 * replaces a newer one.
 */
export class Replica {
  readonly snapshots: Snapshots = new Snapshots();
  readonly #cells = new Map<string, Cell<Entry>>();
  /** Keys that were asked for or are being written: a delta may come before the answer is looked at, and is newer. */
  readonly #expected = new Set<string>();
  readonly #listeners = new Set<(change: Change) => void>();
  #version: Version = { epoch: "", seq: 0 };
  #isGuarded = false;
  /** Resolves with the next version. */
  #moved: Deferred<void> = deferred();

  get version(): Version {
    return this.#version;
  }

  /** True where deltas come without values, for each identity has to ask for its own. */
  get isGuarded(): boolean {
    return this.#isGuarded;
  }

  /** Forgets everything when it turns out that the actor guards its values, or no longer does. */
  guard(isGuarded: boolean): void {
    if (isGuarded === this.#isGuarded) return;
    this.#isGuarded = isGuarded;
    this.#version = { epoch: "", seq: 0 };
    this.snapshots.detach();
    this.#batch(() => {
      for (const held of this.#cells.values()) held.value = unknownEntry;
    });
  }

  cell(key: string): Cell<Entry> {
    let found = this.#cells.get(key);
    if (!found) this.#cells.set(key, (found = cell<Entry>(unknownEntry)));
    return found;
  }

  isKnown(key: string): boolean {
    const entry = this.#cells.get(key)?.peek();
    return entry !== undefined && entry.state !== "unknown";
  }

  /** True for a key that is known, or about to be. */
  isFollowed(key: string): boolean {
    return this.isKnown(key) || this.#expected.has(key);
  }

  followedKeys(): string[] {
    return [...new Set([...this.#cells.keys(), ...this.#expected])].filter((key) => this.isFollowed(key));
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** True when everything up to `version` is in the replica, or `version` is of another history. */
  hasReached({ epoch, seq }: Version): boolean {
    return epoch !== this.#version.epoch || seq <= this.#version.seq;
  }

  /** Resolves when the replica has reached `version`. */
  async whenReached(version: Version): Promise<void> {
    while (!this.hasReached(version)) await this.#moved.promise;
  }

  /** Applies a delta. False when deltas in between were lost: then the replica has to ask what it missed. */
  applyDelta({ epoch, from, to, rows }: Delta): boolean {
    if (epoch !== this.#version.epoch || from > this.#version.seq) return false;
    if (to > this.#version.seq) this.#advance(rows, { epoch, seq: to });
    return true;
  }

  /** Takes over what was missed: rows that changed, in full up to `version`. */
  catchUp(rows: readonly Row[], version: Version): void {
    this.#advance(rows, version);
  }

  /** Starts anew, often with another history: all rows are taken, even where their numbers are lower, and everybody is told. */
  restart(rows: readonly Row[], version: Version): void {
    const isSameHistory = version.epoch === this.#version.epoch && version.seq >= this.#version.seq;
    this.#version = { epoch: version.epoch, seq: 0 };
    this.#batch(() => {
      for (const [key] of rows) this.#replace(key, unknownEntry);
      if (!isSameHistory) this.snapshots.endHistory();
      this.#move(version);
      for (const row of rows) this.#applyRow(row);
    });
    this.#notify([]);
  }

  /** Follows keys from now on: {@link learn} or a delta will bring their rows. */
  expect(keys: readonly string[]): void {
    for (const key of keys) this.#expected.add(key);
  }

  /** Adds rows that were read; what a delta has brought in the meantime is newer and stays. */
  learn(rows: readonly Row[]): void {
    this.#batch(() => {
      for (const row of rows) this.#applyRow(row);
    });
  }

  /** Forgets keys that may no longer be read. */
  forget(keys: readonly string[]): void {
    this.#batch(() => {
      for (const key of keys) this.#replace(key, unknownEntry);
    });
  }

  #move(version: Version): void {
    this.#version = version;
    this.#moved.resolve();
    this.#moved = deferred();
  }

  /** Effects of the application run at its end. */
  #batch(change: () => void): void {
    reportErrors(() => batch(change));
  }

  #advance(rows: readonly Row[], version: Version): void {
    this.#batch(() => {
      // Bump before notifying: a listener reads the version of what it sees.
      this.#move(version);
      if (this.#isGuarded) return;
      for (const row of rows) if (this.isFollowed(row[0])) this.#applyRow(row);
    });
    if (rows.length > 0) this.#notify(rows);
  }

  /** Names all keys that changed, also those that only a page of another server has read. */
  #notify(rows: readonly Row[]): void {
    const change: Change = { keys: rows.map(([key]) => key), version: this.#version };
    notify(this.#listeners, change);
  }

  #applyRow([key, text, seq]: Row): void {
    this.#expected.delete(key);
    const before = this.cell(key).peek();
    if (before.state !== "unknown" && before.seq >= seq) return;
    this.#replace(key, createEntry(seq, text));
  }

  #replace(key: string, entry: Entry): void {
    const held = this.cell(key);
    this.snapshots.keep(key, held.peek());
    held.value = entry;
  }
}
