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

/** Keys from `from` on and before `to`, in the order of their bytes in UTF-8. */
export type KeyRange = { readonly from: string; readonly to: string };

export type ColdRange = KeyRange & { readonly isDescending: boolean; readonly limit: number };

type ColdPage = { readonly keys: readonly string[]; readonly rows: readonly StoredRow[] };

/**
 * Rows that are not loaded at the start, for there may be millions: those of collections, whose keys begin with `\0c:` and are ASCII as far as
 * their order matters. A commit of one without a text removes it.
 */
export interface ColdRows {
  /** The rows of these keys that are there, in any order. */
  get(keys: readonly string[]): Promise<readonly StoredRow[]>;
  /** The first keys of a range, in order or, descending, in the opposite one. */
  keys(range: ColdRange): Promise<readonly string[]>;
  /**
   * As {@link keys}, of entries: their texts are the ends of the keys of other rows, which begin with `rowPrefix`. With those rows of the
   * first `rowCount` entries that are at hand; others are asked for by {@link get}.
   */
  page(range: ColdRange & { readonly rowPrefix: string; readonly rowCount: number }): Promise<ColdPage>;
  /** How many keys a range has, of the first `limit` ones, and the last of these. */
  count(
    range: KeyRange & { readonly limit: number },
  ): Promise<{ readonly count: number; readonly last: string | null }>;
}

/** The rows of one actor, for as long as it runs. A handle rejects with `BACKEND_CLOSED` once a newer one was opened under its name. */
export interface StoreHandle {
  /** All rows with `seq >= from`, in any order, but cold ones. */
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
  /** Rows of collections. A storage without it keeps signals alone. */
  readonly cold?: ColdRows | undefined;
  /** Releases connections. Idempotent. */
  close(): Promise<void>;
}
