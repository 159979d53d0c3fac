import { randomUUID } from "node:crypto";
import { notify } from "../core/notify.ts";
import type { Delta, Replies, Row, Write } from "./protocol.ts";

/** The part of an actor's SQLite database that the store needs. */
export interface SqlDatabase {
  execute(sql: string, ...args: unknown[]): Promise<unknown[]>;
}

type StoredRow = { key: string; value: string | null; seq: number };
type Stored = { readonly text: string | null; readonly seq: number };
type Applied = { readonly number: number; readonly seq: number; readonly conflicts: readonly string[]; readonly at: number };

// Rows of the store itself share the table, so that a batch and its bookkeeping are one statement. No key of a signal
// contains NUL.
const epochKey = "\0epoch";
const clientPrefix = "\0client:";
/** In characters; the engine lets messages of 32 MiB through. */
const maxReplySize = 4 * 1024 * 1024;
const clientMemoryMs = 24 * 60 * 60 * 1000;

export async function migrateSignalStore(db: SqlDatabase): Promise<void> {
  await db.execute(
    "CREATE TABLE IF NOT EXISTS signals (key TEXT PRIMARY KEY, value TEXT, seq INTEGER NOT NULL) WITHOUT ROWID",
  );
  await db.execute("INSERT OR IGNORE INTO signals (key, value, seq) VALUES (?, ?, 0)", epochKey, randomUUID().slice(0, 8));
}

/** The actor's map: in memory for reading, in SQLite before a write is acknowledged, one writer. */
export class SignalStore {
  /** Names this incarnation; another one of the same actor has another. */
  readonly instance: string = randomUUID();
  readonly #db: SqlDatabase;
  readonly #rows = new Map<string, Stored>();
  readonly #applied = new Map<string, Applied>();
  readonly #listeners = new Set<(delta: Delta) => void>();
  readonly #closeListeners = new Set<() => void>();
  #epoch = "";
  #seq = 0;
  #commits: Promise<unknown> = Promise.resolve();
  /** After a failed commit, until the database has said what became of it. */
  #isInDoubt = false;
  #closed = false;

  private constructor(db: SqlDatabase) {
    this.#db = db;
  }

  static async open(db: SqlDatabase): Promise<SignalStore> {
    const store = new SignalStore(db);
    await store.#reload();
    return store;
  }

  get position(): { epoch: string; seq: number } {
    return { epoch: this.#epoch, seq: this.#seq };
  }

  /** The rows of the first keys, as many as fit into one message and at least one. */
  read(keys: readonly string[]): Replies["read"] {
    const rows: Row[] = [];
    let size = 0;
    for (const key of keys) {
      if (size > maxReplySize) break;
      const row = this.#row(key);
      rows.push(row);
      size += sizeOf(row);
    }
    return { ...this.position, rows };
  }

  since(epoch: string, seq: number): Replies["follow"] {
    if (epoch !== this.#epoch) return { ...this.position, rows: null };
    const rows: Row[] = [];
    let size = 0;
    if (seq < this.#seq) {
      for (const [key, stored] of this.#rows) {
        if (stored.seq <= seq) continue;
        const row: Row = [key, stored.text, stored.seq];
        rows.push(row);
        size += sizeOf(row);
        if (size > maxReplySize) return { ...this.position, rows: null };
      }
    }
    return { ...this.position, rows };
  }

  /** Commits a batch, tells the listeners, then resolves. A batch that this client sent before is not applied again. */
  write(client: string, number: number, writes: readonly Write[]): Promise<Replies["write"]> {
    const commit = this.#commits.then(() => this.#commit(client, number, writes));
    this.#commits = commit.catch(() => {});
    return commit;
  }

  /** Calls `onDelta` after each commit, and `onClose` when this incarnation ends. */
  listen(onDelta: (delta: Delta) => void, onClose: () => void): () => void {
    this.#listeners.add(onDelta);
    this.#closeListeners.add(onClose);
    return () => {
      this.#listeners.delete(onDelta);
      this.#closeListeners.delete(onClose);
    };
  }

  /** After this the store serves nothing: the context of a slept actor accepts writes silently and loses them. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    notify(this.#closeListeners, undefined);
    this.#listeners.clear();
    this.#closeListeners.clear();
  }

  async #commit(client: string, number: number, writes: readonly Write[]): Promise<Replies["write"]> {
    if (this.#closed) throw new Error("The actor has gone to sleep.");
    if (this.#isInDoubt) await this.#resolveDoubt();
    const before = this.#applied.get(client);
    if (before?.number === number) {
      return { ...this.position, conflicts: before.conflicts };
    }
    const accepted: Write[] = [];
    const conflicts: string[] = [];
    for (const write of writes) {
      const holds = write.expect === undefined || write.expect === (this.#rows.get(write.key)?.seq ?? 0);
      if (holds) accepted.push(write);
      else conflicts.push(write.key);
    }
    if (accepted.length > 0) {
      const from = this.#seq;
      const to = from + 1;
      const applied: Applied = { number, seq: to, conflicts, at: Date.now() };
      const batch = accepted.map((write) => [write.key, write.text]);
      batch.push([clientPrefix + client, JSON.stringify(applied)]);
      try {
        await this.#db.execute(
          "INSERT INTO signals (key, value, seq) " +
            "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), ? FROM json_each(?) WHERE true " +
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value, seq = excluded.seq",
          to,
          JSON.stringify(batch),
        );
      } catch (error) {
        this.#isInDoubt = true;
        await this.#resolveDoubt().catch(() => {});
        throw error;
      }
      this.#applied.set(client, applied);
      this.#advance(from, to, accepted.map((write): Row => [write.key, write.text, to]));
    }
    return { ...this.position, conflicts };
  }

  /** The commit may have happened although it failed: only the database knows. */
  async #resolveDoubt(): Promise<void> {
    await this.#reload();
    this.#isInDoubt = false;
  }

  #row(key: string): Row {
    const stored = this.#rows.get(key);
    return [key, stored?.text ?? null, stored?.seq ?? 0];
  }

  #advance(from: number, to: number, rows: readonly Row[]): void {
    for (const [key, text, seq] of rows) this.#rows.set(key, { text, seq });
    this.#seq = to;
    const delta: Delta = { epoch: this.#epoch, from, to, rows };
    notify(this.#listeners, delta);
  }

  async #reload(): Promise<void> {
    const from = this.#seq;
    const found = (await this.#db.execute("SELECT key, value, seq FROM signals WHERE seq >= ?", from)) as StoredRow[];
    const rows: Row[] = [];
    let to = from;
    for (const { key, value, seq } of found) {
      to = Math.max(to, seq);
      if (key === epochKey) this.#epoch = value ?? "";
      else if (key.startsWith(clientPrefix)) this.#applied.set(key.slice(clientPrefix.length), JSON.parse(value ?? ""));
      else if (seq > from) rows.push([key, value, seq]);
    }
    if (to > from) this.#advance(from, to, rows);
    await this.#forgetOldClients();
  }

  async #forgetOldClients(): Promise<void> {
    const old = [...this.#applied].filter(
      ([, applied]) => applied.at < Date.now() - clientMemoryMs && applied.seq < this.#seq,
    );
    if (old.length === 0) return;
    for (const [client] of old) this.#applied.delete(client);
    await this.#db.execute(
      "DELETE FROM signals WHERE key IN (SELECT value FROM json_each(?))",
      JSON.stringify(old.map(([client]) => clientPrefix + client)),
    );
  }
}

function sizeOf([key, text]: Row): number {
  return key.length + (text?.length ?? 0);
}
