/** A row as a storage keeps it: a key, its encoded value or `null`, and the commit that wrote it. An ephemeral value begins with its lifetime. */
export type StoredRow = { readonly key: string; readonly text: string | null; readonly seq: number };

/**
 * Where an actor keeps its signals instead of its own database. Use `redisStorage`, or implement it over a database that
 * commits atomically and durably.
 *
 * @see docs/storage.md
 */
export interface SignalStorage {
  /**
   * Called when an actor starts. From here on, store handles that were opened before under this name must not commit: their
   * actor has been moved, and may not know it yet.
   *
   * @param name actor and id, such as `reactiveState/global`
   */
  open(name: string): Promise<StoreHandle>;
}

/** The rows of one actor, for as long as it runs. A handle rejects with `BACKEND_CLOSED` once a newer one was opened under its name. */
export interface StoreHandle {
  /** All rows with `seq >= from`, in any order. */
  load(from: number): Promise<readonly StoredRow[]>;
  /**
   * Writes all rows or none, by key; they are durable when it resolves. All have the same `seq`: 0 in the first commit, and
   * one more than the commit before in each later one. What does not follow must be refused: it has arrived late.
   */
  commit(rows: readonly StoredRow[]): Promise<void>;
  /**
   * Removes those of the rows that have `seq <= upTo`: their absence means the same. Commits go on meanwhile, and a row that is
   * written by one of them must stay.
   */
  remove(keys: readonly string[], upTo: number): Promise<void>;
  /** Releases connections. Idempotent. */
  close(): Promise<void>;
}
