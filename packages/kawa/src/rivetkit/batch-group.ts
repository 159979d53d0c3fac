import { type ClientRecord, conflictsOf, withApplied } from "./client-record.ts";
import type { Row, Write } from "./protocol.ts";
import { isUnder, type SignalRows, sizeOf } from "./signal-rows.ts";

/** Writes that belong together. With a `client`, the batch is applied once, however often it comes. */
export type Batch = {
  readonly client?: string | undefined;
  readonly number: number;
  /** The client sends no number below this one again. */
  readonly settled: number;
  readonly writes: readonly Write[];
};

/** What became of a batch in its group. */
export type Outcome = {
  readonly conflicts: readonly string[];
  /** What it wrote, in the newest form; empty for a batch that was applied before. */
  readonly written: ReadonlyMap<string, Row>;
  readonly isRepeated: boolean;
};

const maxGroupSize = 4 * 1024 * 1024;
const maxGroupRows = 5_000;

/** Batches that are committed together, as commit `seq`. Each sees what those before it write. */
export class BatchGroup {
  readonly #seq: number;
  readonly #before: SignalRows;
  readonly #clientsBefore: ReadonlyMap<string, ClientRecord>;
  readonly #rows = new Map<string, Row>();
  readonly #clients = new Map<string, ClientRecord>();
  #size = 0;
  #hasEmptyClear = false;

  constructor(seq: number, before: { readonly rows: SignalRows; readonly clients: ReadonlyMap<string, ClientRecord> }) {
    this.#seq = seq;
    this.#before = before.rows;
    this.#clientsBefore = before.clients;
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
    return [...this.#rows.values()];
  }

  /** What to remember of the clients, once the rows are committed. */
  get clients(): ReadonlyMap<string, ClientRecord> {
    return this.#clients;
  }

  add({ client, number, settled, writes }: Batch): Outcome {
    const record = client === undefined ? undefined : (this.#clients.get(client) ?? this.#clientsBefore.get(client));
    const known = conflictsOf(record, number);
    if (known) return { conflicts: known, written: new Map(), isRepeated: true };
    const written = new Map<string, Row>();
    const conflicts: string[] = [];
    for (const write of writes) {
      if ("clear" in write) this.#clear(write.clear, written);
      else if (this.#holds(write)) this.#write(write.key, write.text, written);
      else conflicts.push(write.key);
    }
    if (client !== undefined) this.#clients.set(client, withApplied(record, { number, settled, conflicts }));
    return { conflicts, written, isRepeated: false };
  }

  /** Rows to answer a batch with, when the group is committed. */
  rowsFor({ writes }: Batch, { written, isRepeated }: Outcome): Row[] {
    if (isRepeated) return writes.flatMap((write) => ("clear" in write ? [] : [this.#before.row(write.key)]));
    // Two values of one key must not have the same version: one that was overwritten in this group counts as older.
    return [...written.values()].map((row) => (this.#rows.get(row[0]) === row ? row : [row[0], row[1], this.#seq - 1]));
  }

  #holds({ key, expect }: Exclude<Write, { clear: string }>): boolean {
    if (expect === undefined) return true;
    const [, text, seq] = this.#rows.get(key) ?? this.#before.row(key);
    return expect === seq || (expect === 0 && text === null);
  }

  #clear(prefix: string, written: Map<string, Row>): void {
    const keys = this.#keysWithValue(prefix);
    if (keys.length === 0) this.#hasEmptyClear = true;
    for (const key of keys) this.#write(key, null, written);
  }

  #write(key: string, text: string | null, written: Map<string, Row>): void {
    const row: Row = [key, text, this.#seq];
    written.set(key, row);
    this.#rows.set(key, row);
    this.#size += sizeOf(row);
  }

  #keysWithValue(prefix: string): string[] {
    const keys = [...this.#before.keysWithValue(prefix)].filter((key) => !this.#rows.has(key));
    for (const [key, text] of this.#rows.values()) if (text !== null && isUnder(prefix, key)) keys.push(key);
    return keys;
  }
}
