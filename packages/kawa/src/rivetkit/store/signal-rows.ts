import { isUnder } from "../../core/backend/key.ts";
import { groupIn, membersKey } from "../../core/backend/members.ts";
import { UndoLog } from "../../core/backend/undo-log.ts";
import { firstFrom, KeyOrder, lastUnder } from "./key-order.ts";
import { maxReplySize } from "../wire/max-reply-size.ts";
import { type Lives, MemberGroups } from "./member-groups.ts";
import { type ListRow, type Replies, type Row, sizeOf } from "../wire/protocol.ts";

export type Entry = { readonly text: string | null; readonly seq: number };
type Recent = { readonly seq: number; readonly keys: readonly string[] };

const maxRecentKeys = 10_000;
const maxOverwrittenRows = 10_000;
/** Most characters of overwritten keys and values. All sizes in this file are in characters. */
const maxOverwrittenSize = 4 * 1024 * 1024;

/** Sorts after every internal key, and before every other key. */
const afterInternal = "\u0001";

/** Values that are not kept here: rows of collections, and queries. */
export interface OtherRows {
  readonly isUsed: boolean;
  has(key: string): boolean;
  /** False for one that would have to be read from the storage first. */
  knows(key: string): boolean;
  /** @throws {KawaError} BACKEND_UNAVAILABLE - it is not known */
  get(key: string): Entry;
  set(row: Row): void;
}

/** All rows in memory, but those of collections. Keys without a value stay for a while, so that replicas can be told of deletions. */
export class SignalRows {
  /** The ephemeral keys, and the lists of their groups. */
  readonly ephemeral: MemberGroups = new MemberGroups();
  readonly #entries = new Map<string, Entry>();
  readonly #order = new KeyOrder();
  /** Keys without a value; the one that was deleted first comes first. */
  readonly #deleted = new Set<string>();
  /** Stands for a key that is not held. Its number is that of the newest deletion which was forgotten. */
  #forgotten: Entry = { text: null, seq: 0 };
  /** What the last commits wrote, all of them after `#recentFrom`. */
  readonly #recent: Recent[] = [];
  #recentKeyCount = 0;
  #recentFrom = 0;
  /** What the last commits have overwritten. Only snapshots of renders ask for it, so it need not survive a sleep. */
  readonly #overwritten = new UndoLog<Entry>();
  #overwrittenSize = 0;
  #seq = 0;
  readonly #others: OtherRows | undefined;

  constructor(others?: OtherRows) {
    this.#others = others;
  }

  /**
   * As the key was after commit `at`; as it is now, with a higher number, where that is no longer known. A key that is not held has
   * no value, at the latest since the newest deletion that was forgotten.
   */
  get(key: string, at: number = Number.POSITIVE_INFINITY): Entry {
    const group = groupIn(key);
    if (group !== undefined) return this.#list(key, group, at);
    const entry = this.#others?.has(key) ? this.#others.get(key) : (this.#entries.get(key) ?? this.#forgotten);
    return entry.seq <= at ? entry : (this.#overwritten.find(key, at) ?? entry);
  }

  row(key: string, at?: number): Row {
    const { text, seq } = this.get(key, at);
    return [key, text, seq];
  }

  /** Takes over rows that were written up to `seq`, before which everything is known but the deletions up to `purgedSeq`. */
  restore(
    rows: Iterable<Row>,
    { lives = new Map(), seq, purgedSeq = 0 }: { lives?: Lives; seq: number; purgedSeq?: number },
  ): void {
    for (const row of rows) this.#set(row);
    this.ephemeral.restore(rows, lives, seq);
    this.#recentFrom = seq;
    this.#seq = seq;
    this.purgeUpTo(purgedSeq);
  }

  get count(): number {
    return this.#entries.size;
  }

  get deletedCount(): number {
    return this.#deleted.size;
  }

  /** The first of the keys that were deleted, with the number of the newest of these deletions. */
  oldestDeleted(count: number): { readonly keys: readonly string[]; readonly seq: number } {
    const keys = [...this.#deleted.values().take(count)];
    return { keys, seq: keys.reduce((newest, key) => Math.max(newest, this.#entries.get(key)!.seq), 0) };
  }

  /** Deletions up to a commit may be forgotten from now on. */
  purgeUpTo(seq: number): void {
    if (seq > this.#forgotten.seq) this.#forgotten = { text: null, seq };
  }

  /** Forgets those of the keys that have had no value since commit `purgedSeq`. */
  forgetDeleted(keys: readonly string[], purgedSeq: number): void {
    this.purgeUpTo(purgedSeq);
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry?.text !== null || entry.seq > purgedSeq) continue;
      this.#entries.delete(key);
      this.#deleted.delete(key);
      this.#order.remove(key, this.#entries.size);
    }
  }

  /** Takes over what was written after everything that is known. Returns how lists of groups have changed. */
  apply(rows: readonly Row[], seq: number, lives: Lives = new Map()): readonly ListRow[] {
    for (const row of rows) {
      this.#keepOverwritten(row[0]);
      this.#set(row);
    }
    this.#seq = seq;
    if (rows.length === 0) return [];
    this.#recent.push({ seq, keys: rows.map(([key]) => key) });
    this.#recentKeyCount += rows.length;
    while (this.#recentKeyCount > maxRecentKeys) {
      const oldest = this.#recent.shift()!;
      this.#recentKeyCount -= oldest.keys.length;
      this.#recentFrom = oldest.seq;
    }
    return this.ephemeral.apply(rows, lives, seq);
  }

  /** The rows of the first keys, as many as fit into one message and at least one. */
  read(keys: readonly string[], at?: number): Row[] {
    const rows: Row[] = [];
    let size = 0;
    for (const key of keys) {
      if (size > maxReplySize || (rows.length > 0 && !this.#isKnown(key))) break;
      const row = this.row(key, at);
      rows.push(row);
      size += sizeOf(row);
    }
    return rows;
  }

  /** Rows that changed after `seq`; null when deletions after it may be forgotten, or they are too many for one message. */
  since(seq: number): Row[] | null {
    if (seq < this.#forgotten.seq) return null;
    const rows: Row[] = [];
    let size = 0;
    const groups = this.ephemeral.changedSince(seq);
    if (!groups || (seq < this.#recentFrom && this.#others?.isUsed)) return null;
    const keys = seq >= this.#recentFrom ? this.#recentKeysSince(seq) : this.#entries.keys();
    for (const key of groups.length > 0 ? new Set([...keys, ...groups.map(membersKey)]) : keys) {
      if (!this.#isKnown(key)) return null;
      const row = this.row(key);
      if (row[2] <= seq) continue;
      rows.push(row);
      size += sizeOf(row);
      if (size > maxReplySize) return null;
    }
    return rows;
  }

  /** Keys that were written after a commit; null where they are not known any more. */
  keysSince(seq: number): ReadonlySet<string> | null {
    return seq < this.#recentFrom || seq > this.#seq ? null : this.#recentKeysSince(seq);
  }

  /** A page of the keys with a value that start with `prefix`; internal ones only when the prefix is internal. */
  list(prefix: string, after: string, withValues: boolean): Replies["list"] {
    const keys = this.#order.of(this.#entries);
    const start = [after, prefix === "" ? afterInternal : prefix].sort().at(-1)!;
    const rows: Row[] = [];
    let size = 0;
    for (let at = firstFrom(keys, start); at < keys.length; at += 1) {
      const key = keys[at]!;
      if (!key.startsWith(prefix)) break;
      const entry = this.#entries.get(key)!;
      if (entry.text === null || key === after) continue;
      if (size > maxReplySize) return { rows, after: rows.at(-1)![0] };
      const row: Row = [key, withValues ? entry.text : null, entry.seq];
      rows.push(row);
      size += sizeOf(row);
    }
    return { rows, after: null };
  }

  /** The last key that {@link list} goes through; undefined where there is none. */
  lastKey(prefix: string): string | undefined {
    return lastUnder(prefix, this.#order.of(this.#entries));
  }

  /** True for a key whose value is not kept here: lists and clears leave it out. */
  isElsewhere(key: string): boolean {
    return this.#others?.has(key) === true;
  }

  /** Keys with a value that start with `prefix`; internal ones only when the prefix is internal. */
  *keysWithValue(prefix: string): Iterable<string> {
    for (const [key, { text }] of this.#entries) if (text !== null && isUnder(prefix, key)) yield key;
  }

  #list(key: string, group: string, at: number): Entry {
    const list = this.ephemeral.list(group, at);
    return { text: list.textOf(key), seq: Math.max(list.seq, list.count === 0 ? this.#forgotten.seq : 0) };
  }

  #keepOverwritten(key: string): void {
    const value = this.get(key);
    // What took its place may have been overwritten itself before this commit, when several are taken over at once.
    this.#overwritten.add({ key, value, until: this.#seq + 1 });
    this.#overwrittenSize += sizeOf([key, value.text, value.seq]);
    while (this.#overwritten.length > maxOverwrittenRows || this.#overwrittenSize > maxOverwrittenSize) {
      const {
        key: forgotten,
        value: { text, seq },
      } = this.#overwritten.forgetOldest()!;
      this.#overwrittenSize -= sizeOf([forgotten, text, seq]);
    }
  }

  #isKnown(key: string): boolean {
    return !this.#others?.has(key) || this.#others.knows(key);
  }

  #set([key, text, seq]: Row): void {
    if (this.#others?.has(key)) return this.#others.set([key, text, seq]);
    const before = this.#entries.get(key);
    if (!before) this.#order.add(key, this.#entries.size);
    else if (before.text === null) this.#deleted.delete(key);
    if (text === null) this.#deleted.add(key);
    this.#entries.set(key, { text, seq });
  }

  #recentKeysSince(seq: number): Set<string> {
    const first = this.#recent.findLastIndex((commit) => commit.seq <= seq) + 1;
    return new Set(this.#recent.slice(first).flatMap(({ keys }) => keys));
  }
}
