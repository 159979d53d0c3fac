import { isUnder } from "../../core/backend/key.ts";
import { memberOf, membersKey } from "../../core/backend/members.ts";
import { type Applied, appliedIn, type ClientRecord, GrowingRecord } from "./client-record.ts";
import { applyChanges, refusalIn } from "./apply-changes.ts";
import type { Life, Lives, MemberGroups } from "./member-groups.ts";
import {
  type ChangeResults,
  type Changes,
  type Check,
  type Clear,
  type Row,
  sizeOf,
  type Write,
} from "../wire/protocol.ts";
import type { SignalRows } from "./signal-rows.ts";
import type { Written } from "./signal-store.ts";

/** Writes that belong together. With a `client`, the batch is applied once, however often it comes. */
export type Batch = {
  readonly client?: string | undefined;
  readonly number: number;
  /** The client sends no number below this one again. */
  readonly settled: number;
  readonly writes: readonly Write[];
  /** All of them or none: with one conflict nothing is written, and the batch may come again. */
  readonly isWhole?: boolean | undefined;
  /** Numbers of values that the writes were made of; a whole batch is in conflict where one is another now. */
  readonly checks?: readonly Check[] | undefined;
  /** What changes have made that were computed before they came here. */
  readonly results?: readonly ChangeResults[] | undefined;
};

/** What became of a batch in its group. */
export type Outcome = Applied & {
  /** Rows that it wrote, as they are after the whole group; empty for a batch that was applied before. */
  readonly written: ReadonlyMap<string, Row>;
  readonly isRepeated: boolean;
};

type KeyWrite = Extract<Write, { readonly text: string | null }>;

/** What was committed before. */
type Before = {
  readonly rows: SignalRows;
  readonly clients: ReadonlyMap<string, ClientRecord>;
  /** Largest value that a change may make. */
  readonly maxValueBytes: number;
};

const maxGroupSize = 4 * 1024 * 1024;
const maxGroupRows = 5_000;

/** The batches of one group commit, as commit `seq`. Each sees what those before it write. {@link SignalStore} commits the group. */
export class BatchGroup {
  readonly #seq: number;
  readonly #before: SignalRows;
  readonly #clientsBefore: ReadonlyMap<string, ClientRecord>;
  readonly #ephemeralBefore: MemberGroups;
  readonly #maxValueBytes: number;
  readonly #rows = new Map<string, Row>();
  readonly #clients = new Map<string, GrowingRecord>();
  /** Lives of the rows that are ephemeral. */
  readonly #lives = new Map<string, Life>();
  /** By how many members each ephemeral group has grown. */
  readonly #joined = new Map<string, number>();
  #nextOrder: number;
  #size = 0;
  #hasEmptyClear = false;

  constructor(seq: number, before: Before) {
    this.#seq = seq;
    this.#before = before.rows;
    this.#clientsBefore = before.clients;
    this.#ephemeralBefore = before.rows.ephemeral;
    this.#maxValueBytes = before.maxValueBytes;
    this.#nextOrder = before.rows.ephemeral.nextOrder;
  }

  get isFull(): boolean {
    return this.#size >= maxGroupSize || this.#rows.size >= maxGroupRows;
  }

  /** True when a clear has found nothing to delete. */
  get hasEmptyClear(): boolean {
    return this.#hasEmptyClear;
  }

  /** The rows to commit, each key once. */
  get rows(): readonly Row[] {
    const emptied = [...this.#joined].filter(
      ([group, count]) => count < 0 && this.#ephemeralBefore.list(group).count + count === 0,
    );
    return [...this.#rows.values(), ...emptied.map(([group]): Row => [membersKey(group), null, this.#seq])];
  }

  get lives(): Lives {
    return this.#lives;
  }

  /** What to remember of the clients, once the rows are committed. */
  get clients(): ReadonlyMap<string, ClientRecord> {
    return this.#clients;
  }

  add(batch: Batch): Outcome {
    const { client, number, settled, writes, isWhole } = batch;
    const record = client === undefined ? undefined : (this.#clients.get(client) ?? this.#clientsBefore.get(client));
    const known = appliedIn(record, number);
    if (known) return { ...known, written: new Map(), isRepeated: true };
    const written = new Map<string, Row>();
    const conflicts: string[] = isWhole ? this.#conflictsIn(batch) : [];
    const refused = isWhole && conflicts.length === 0 ? this.#refusedIn(writes) : [];
    if (conflicts.length + refused.length > 0) return { conflicts, results: refused, written, isRepeated: false };
    const results: ChangeResults[] = [...(batch.results ?? [])];
    for (const write of writes) {
      if ("clear" in write) this.#clear(write, written);
      else if ("isRenewal" in write ? !this.#lifeOf(write.key) : !this.#holds(write)) conflicts.push(write.key);
      else if ("text" in write) this.#write(write, written);
      else if ("changes" in write) results.push([write.key, this.#change(write, written)]);
    }
    if (client !== undefined) this.#recordOf(client).add({ number, settled }, { conflicts, results });
    return { conflicts, results, written, isRepeated: false };
  }

  /** What the writer of a batch is told, when the group is committed. */
  answerTo(batch: Batch, outcome: Outcome): Pick<Written, "conflicts" | "results" | "rows"> {
    const { conflicts, results } = outcome;
    return { conflicts, ...(results.length === 0 ? {} : { results }), rows: this.#rowsFor(batch, outcome) };
  }

  #rowsFor({ writes }: Batch, { written, isRepeated }: Outcome): Row[] {
    if (isRepeated) return writes.flatMap((write) => ("clear" in write ? [] : [this.#before.row(write.key)]));
    // Two values of one key must not have the same version: one that was overwritten in this group counts as older.
    return [...written.values()].map((row) => (this.#rows.get(row[0]) === row ? row : [row[0], row[1], this.#seq - 1]));
  }

  #recordOf(client: string): GrowingRecord {
    let record = this.#clients.get(client);
    if (!record) this.#clients.set(client, (record = new GrowingRecord(this.#clientsBefore.get(client))));
    return record;
  }

  #conflictsIn({ writes, checks = [] }: Batch): string[] {
    const changed = checks.filter(([key, expect]) => !this.#holds({ key, expect })).map(([key]) => key);
    const lost = writes.filter((write) => ("text" in write || "changes" in write) && !this.#holds(write));
    return changed.concat(lost.map((write) => (write as KeyWrite).key));
  }

  /** What changes would make, where one of them is refused. */
  #refusedIn(writes: readonly Write[]): ChangeResults[] {
    const results = writes.flatMap((write): ChangeResults[] =>
      "changes" in write ? [[write.key, this.#made(write).results]] : [],
    );
    return results.some(([, made]) => refusalIn(made)) ? results : [];
  }

  #holds({ key, expect }: { readonly key: string; readonly expect?: number | undefined }): boolean {
    if (expect === undefined) return true;
    const [, text, seq] = this.row(key);
    return expect === seq || (expect === 0 && text === null);
  }

  #change(write: Changes, written: Map<string, Row>): ChangeResults[1] {
    const { text, results } = this.#made(write);
    if (text !== undefined) this.#write({ key: write.key, text, ttlMs: write.ttlMs }, written);
    return results;
  }

  #made({ key, changes, initial }: Changes): ReturnType<typeof applyChanges> {
    const [, before] = this.row(key);
    return applyChanges({ key, before, initial, changes, maxBytes: this.#maxValueBytes });
  }

  /** What a key holds after the batches up to now. */
  row(key: string): Row {
    return this.#rows.get(key) ?? this.#before.row(key);
  }

  #clear({ clear: prefix, except, only }: Clear, written: Map<string, Row>): void {
    const kept = new Set(except);
    const keys = this.#keysWithValue(prefix).filter((key) => !kept.has(key) && (only === undefined || key === only));
    if (keys.length === 0) this.#hasEmptyClear = true;
    for (const key of keys) this.#write({ key, text: null }, written);
  }

  #write({ key, text, ttlMs }: KeyWrite, written: Map<string, Row>): void {
    const row: Row = [key, text, this.#seq];
    const before = this.#lifeOf(key);
    const life = text === null || ttlMs === undefined ? undefined : this.#lifeFor(before, ttlMs);
    if (Boolean(life) !== Boolean(before)) this.#count(key, life ? 1 : -1);
    written.set(key, row);
    this.#rows.set(key, row);
    this.#size += sizeOf(row);
    if (life) this.#lives.set(key, life);
    else this.#lives.delete(key);
  }

  /** A member that is there keeps its place. */
  #lifeFor(before: Life | undefined, ttlMs: number): Life {
    if (before) return [ttlMs, before[1]];
    const order = this.#nextOrder;
    this.#nextOrder += 1;
    return [ttlMs, order];
  }

  #count(key: string, change: number): void {
    const { group } = memberOf(key);
    this.#joined.set(group, (this.#joined.get(group) ?? 0) + change);
  }

  #lifeOf(key: string): Life | undefined {
    return this.#rows.has(key) ? this.#lives.get(key) : this.#ephemeralBefore.lifeOf(key);
  }

  #keysWithValue(prefix: string): string[] {
    const keys = [...this.#before.keysWithValue(prefix)].filter((key) => !this.#rows.has(key));
    for (const [key, text] of this.#rows.values())
      if (text !== null && isUnder(prefix, key) && !this.#before.isElsewhere(key)) keys.push(key);
    return keys;
  }
}
