import type { StoreHandle, StoredRow } from "./storage.ts";

/** The part of an actor's SQLite database that its signals need. */
export interface SqlDatabase {
  execute(sql: string, ...args: unknown[]): Promise<unknown[]>;
}

export async function migrateSignalStore(db: SqlDatabase): Promise<void> {
  await db.execute(
    "CREATE TABLE IF NOT EXISTS signals (key TEXT PRIMARY KEY, value TEXT, seq INTEGER NOT NULL) WITHOUT ROWID",
  );
}

/**
 * Signals in the actor's own database, after {@link migrateSignalStore}. The engine lets only one actor at a time use it. Rows of
 * several commits may be committed at once.
 */
export function sqliteHandle(db: SqlDatabase): StoreHandle {
  return {
    async load(from) {
      return (await db.execute("SELECT key, value AS text, seq FROM signals WHERE seq >= ?", from)) as StoredRow[];
    },
    async commit(rows) {
      if (rows.length === 0) return;
      // One statement is one commit, and one trip to the database.
      await db.execute(
        "INSERT INTO signals (key, value, seq) " +
          "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?) WHERE true " +
          "ON CONFLICT (key) DO UPDATE SET value = excluded.value, seq = excluded.seq",
        JSON.stringify(rows.map(({ key, text, seq }) => [key, text, seq])),
      );
    },
    async remove(keys, upTo) {
      if (keys.length === 0) return;
      await db.execute(
        "DELETE FROM signals WHERE seq <= ? AND key IN (SELECT value FROM json_each(?))",
        upTo,
        JSON.stringify(keys),
      );
    },
    async close() {},
  };
}
