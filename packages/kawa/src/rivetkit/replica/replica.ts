import { type Change, type Entry, unknownEntry } from "../../core/backend/backend.ts";
import { notify, reportErrors } from "../../core/backend/notify.ts";
import { batch, type ReadonlyCell } from "../../core/process/reactive.ts";
import { type HeldBounds, HeldCells } from "../../core/backend/held-cells.ts";
import { isMemberList, MemberList } from "../../core/backend/member-list.ts";
import { Snapshots } from "../../core/backend/snapshots.ts";
import { isQueryKey } from "../../core/collections/query-key.ts";
import type { Version } from "../../core/value/version.ts";
import { asAnonymous } from "./as-anonymous.ts";
import { type Deferred, deferred } from "../wire/deferred.ts";
import type { Delta, ListRow, Row } from "../wire/protocol.ts";
import { isKnownEntry, readEntry } from "./read-entry.ts";

type DeltaMore = Pick<Delta, "lists" | "also" | "closed">;

/**
 * This process's copy of the keys that it has read. It moves from version to version only as a whole; a row never replaces a newer one.
 * When there are too many, unused keys are forgotten.
 */
export class Replica {
  readonly snapshots: Snapshots = new Snapshots();
  readonly #cells: HeldCells;
  /** Keys that are being asked for or written, and by how many. A delta that comes before the reply is read is newer than it. */
  readonly #expected = new Map<string, number>();
  /** Changes of lists that are being asked for, by key: the reply may be older than they are. */
  readonly #listChanges = new Map<string, { readonly seq: number; readonly row: ListRow }[]>();
  readonly #listeners = new Set<(change: Change) => void>();
  #passiveCount = 0;
  /** Set by each use of the replica, for whoever looks now and then whether it is still needed. */
  isUsed = false;
  #version: Version = { epoch: "", seq: 0 };
  #isGuarded = false;
  /** Resolves with the next version. */
  #moved: Deferred<void> = deferred();

  constructor(bounds?: Partial<HeldBounds>) {
    this.#cells = new HeldCells({ bounds });
  }

  get version(): Version {
    return this.#version;
  }

  /** How many keys are held, known or not. */
  get size(): number {
    return this.#cells.size;
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
      for (const key of [...this.#cells.keys()]) this.#cells.set(key, unknownEntry);
    });
  }

  /** True where something of this process follows what it holds: an effect, a listener, an open snapshot. */
  get isFollowedHere(): boolean {
    return this.#cells.followedCount > 0 || this.#listeners.size > this.#passiveCount || this.snapshots.openCount > 0;
  }

  /** Forgets everything: it is not followed, and what it holds may become old. */
  rest(): void {
    this.#version = { epoch: "", seq: 0 };
    this.#batch(() => this.#cells.clear());
  }

  cell(key: string): ReadonlyCell<Entry> {
    this.isUsed = true;
    return this.#cells.get(key);
  }

  /** True for a key that is known; it stays so for a while. */
  isKnown(key: string): boolean {
    this.isUsed = true;
    return isKnownEntry(this.#cells.find(key)?.peek());
  }

  /** True for a key that is known, or about to be, or that an effect reads: it may have been refused until now. */
  isFollowed(key: string): boolean {
    return isKnownEntry(this.#cells.peek(key)) || this.#expected.has(key) || this.#cells.isFollowed(key);
  }

  followedKeys(): string[] {
    return [...new Set([...this.#cells.keys(), ...this.#expected.keys()])].filter((key) => this.isFollowed(key));
  }

  /** @param isPassive - the listener is no reason to stay connected */
  onChange(listener: (change: Change) => void, isPassive = false): () => void {
    this.#listeners.add(listener);
    if (isPassive) this.#passiveCount += 1;
    return () => {
      if (this.#listeners.delete(listener) && isPassive) this.#passiveCount -= 1;
    };
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
  applyDelta({ epoch, from, to, rows, lists, also, closed }: Delta): boolean {
    if (epoch !== this.#version.epoch || from > this.#version.seq) return false;
    if (to > this.#version.seq) this.#advance(rows, { epoch, seq: to }, { lists, also, closed });
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
      for (const [key] of rows) this.#setUnknown(key);
      if (!isSameHistory) this.snapshots.endHistory();
      this.#move(version);
      for (const row of rows) this.#applyRow(row);
    });
    this.#notify([]);
  }

  /** Follows keys until the end, which it returns: {@link learn} or a delta brings their rows meanwhile. The end is idempotent. */
  expect(keys: readonly string[]): () => void {
    for (const key of keys) this.#expected.set(key, (this.#expected.get(key) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const key of keys) {
        const left = this.#expected.get(key)! - 1;
        if (left > 0) this.#expected.set(key, left);
        else {
          this.#expected.delete(key);
          this.#listChanges.delete(key);
        }
      }
    };
  }

  /**
   * Adds rows that were read; what a delta has brought in the meantime is newer and stays. With `onRow`, those without a value go there
   * when very many are held.
   */
  learn(rows: readonly Row[], onRow?: (row: Row) => void): void {
    this.#batch(() => {
      for (const row of rows) {
        if (onRow && row[1] === null && this.#cells.isFull && !this.#cells.peek(row[0])) onRow(row);
        else this.#applyRow(row);
      }
    });
  }

  /** Forgets keys that may no longer be read. */
  forget(keys: readonly string[]): void {
    this.#batch(() => {
      for (const key of keys) this.#setUnknown(key);
    });
  }

  /** Nothing is forgotten any more. */
  close(): void {
    this.#cells.close();
  }

  #move(version: Version): void {
    this.#version = version;
    this.#moved.resolve();
    this.#moved = deferred();
  }

  /** Effects of the application run at its end. */
  #batch(change: () => void): void {
    reportErrors(() => asAnonymous(() => batch(change)));
  }

  #advance(rows: readonly Row[], version: Version, { lists = [], also = [], closed = [] }: DeltaMore = {}): void {
    this.#batch(() => {
      // Bump before notifying: a listener reads the version of what it sees.
      this.#move(version);
      if (this.#isGuarded) return;
      const isShown = also.length > 0 && rows.some(([key]) => isQueryKey(key) && this.isFollowed(key));
      for (const row of rows) if (this.isFollowed(row[0])) this.#applyRow(row);
      if (isShown) for (const row of also) this.#applyRow(row);
      for (const key of closed) this.#setUnknown(key);
      for (const row of lists) this.#changeList(version.seq, row);
    });
    const changed = closed.length > 0 ? [...rows, ...closed.map((key): Row => [key, null, version.seq])] : rows;
    if (changed.length > 0) this.#notify(changed, lists);
  }

  /** Names all keys that changed, also those that only a page of another server has read. */
  #notify(rows: readonly Row[], lists: readonly ListRow[] = []): void {
    const keys = rows.map(([key]) => key);
    const change: Change = {
      keys: lists.length > 0 ? [...new Set([...keys, ...lists.map(([key]) => key)])] : keys,
      version: this.#version,
    };
    asAnonymous(() => notify(this.#listeners, change));
  }

  #applyRow([key, text, seq]: Row): void {
    const before = this.#cells.peek(key) ?? unknownEntry;
    if (before.state !== "unknown" && before.seq >= seq) return;
    this.#replace(key, before, readEntry(key, seq, text));
    for (const missed of this.#listChanges.get(key) ?? []) this.#changeList(missed.seq, missed.row);
  }

  /** A list that is not held here is read as a whole at its next read. */
  #changeList(seq: number, row: ListRow): void {
    const [key, left, joined] = row;
    const before = this.#cells.peek(key);
    if (before && before.state !== "unknown") {
      if (before.seq >= seq) return;
      const list = isMemberList(before) ? before : MemberList.of(before.seq, []);
      this.#replace(key, before, list.changed(seq, { left, joined }));
    } else if (this.#expected.has(key)) {
      const changes = this.#listChanges.get(key) ?? [];
      this.#listChanges.set(key, [...changes, { seq, row }]);
    }
  }

  #setUnknown(key: string): void {
    const before = this.#cells.peek(key);
    if (before) this.#replace(key, before, unknownEntry);
  }

  #replace(key: string, before: Entry, entry: Entry): void {
    this.snapshots.keep(key, before);
    this.#cells.set(key, entry);
  }
}
