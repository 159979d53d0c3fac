import { coldRange, isCold } from "./cold-keys.ts";
import type { ColdRows, StoreHandle, StoredRow } from "./storage.ts";

/** The part of an actor's SQLite database that its signals need. */
export interface SqlDatabase {
  execute(sql: string, ...args: unknown[]): Promise<unknown[]>;
}

export async function migrateSignalStore(db: SqlDatabase): Promise<void> {
  await db.execute(
    "CREATE TABLE IF NOT EXISTS signals (key TEXT PRIMARY KEY, value TEXT, seq INTEGER NOT NULL) WITHOUT ROWID",
  );
}

/** Removes cold rows that a commit empties, so that it stays one statement. Each row of every commit costs some microseconds more. */
async function removeEmptiedRows(db: SqlDatabase): Promise<void> {
  for (const event of ["INSERT", "UPDATE"])
    await db.execute(
      `CREATE TRIGGER IF NOT EXISTS cold_after_${event.toLowerCase()} AFTER ${event} ON signals ` +
        "WHEN new.value IS NULL AND new.key >= char(0) || 'c:' AND new.key < char(0) || 'c;' " +
        "BEGIN DELETE FROM signals WHERE key = new.key; END",
    );
}

/**
 * Signals in the actor's own database, after {@link migrateSignalStore}. The engine lets only one actor at a time use it. Rows of
 * several commits may be committed at once.
 */
export function sqliteHandle(db: SqlDatabase): StoreHandle {
  /** Only an actor with collections needs it. */
  let removal: Promise<void> | undefined;
  return {
    async load(from) {
      // Two ranges: cold rows are not even looked at.
      const { from: first, to: end } = coldRange;
      return (await db.execute(
        "SELECT key, value AS text, seq FROM signals WHERE key < json_extract(?, '$[0]') AND seq >= ? UNION ALL " +
          "SELECT key, value AS text, seq FROM signals WHERE key >= json_extract(?, '$[0]') AND seq >= ?",
        JSON.stringify([first]),
        from,
        JSON.stringify([end]),
        from,
      )) as StoredRow[];
    },
    async commit(rows) {
      if (rows.length === 0) return;
      if (rows.some(({ key }) => isCold(key))) {
        removal ??= removeEmptiedRows(db).catch((error: unknown) => {
          removal = undefined;
          throw error;
        });
        await removal;
      }
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
    cold: coldRows(db),
    async close() {},
  };
}

// Keys travel as JSON: a driver may end a text at its first NUL.
const inRange = "key >= json_extract(?, '$[0]') AND key < json_extract(?, '$[0]')";

function coldRows(db: SqlDatabase): ColdRows {
  const bound = (key: string): string => JSON.stringify([key]);
  return {
    async get(keys) {
      if (keys.length === 0) return [];
      const sql = "SELECT key, value AS text, seq FROM signals WHERE key IN (SELECT value FROM json_each(?))";
      return (await db.execute(sql, JSON.stringify(keys))) as StoredRow[];
    },
    async keys({ from, to, isDescending, limit }) {
      const sql = `SELECT key FROM signals WHERE ${inRange} ORDER BY key ${isDescending ? "DESC" : "ASC"} LIMIT ?`;
      const rows = (await db.execute(sql, bound(from), bound(to), limit)) as { readonly key: string }[];
      return rows.map(({ key }) => key);
    },
    async page({ from, to, isDescending, limit, rowPrefix, rowCount }) {
      const order = isDescending ? "DESC" : "ASC";
      // One trip to the database. What is not in the memory of this process it fetches page by page from the engine, which sends pages that
      // follow each other together: so rows are looked up in the order in which they are stored.
      const sql =
        `WITH entry AS MATERIALIZED (SELECT key, value FROM signals WHERE ${inRange} ORDER BY key ${order} LIMIT ?), ` +
        "found AS MATERIALIZED (SELECT json_extract(?, '$[0]') || value AS key FROM " +
        `(SELECT value FROM entry ORDER BY key ${order} LIMIT ?) ORDER BY 1) ` +
        "SELECT key, NULL AS text, NULL AS seq FROM entry UNION ALL " +
        "SELECT signals.key, signals.value, signals.seq FROM found CROSS JOIN signals ON signals.key = found.key";
      const found = await db.execute(sql, bound(from), bound(to), limit, bound(rowPrefix), rowCount);
      const rows = found as (Omit<StoredRow, "seq"> & { readonly seq: number | null })[];
      const keys = rows.filter(({ seq }) => seq === null).map(({ key }) => key);
      return {
        keys: isDescending ? keys.sort().reverse() : keys.sort(),
        rows: rows.filter((row): row is StoredRow => row.seq !== null),
      };
    },
    async count({ from, to, limit }) {
      const sql =
        "SELECT count(*) AS count, max(key) AS last FROM " +
        `(SELECT key FROM signals WHERE ${inRange} ORDER BY key LIMIT ?)`;
      const [row] = (await db.execute(sql, bound(from), bound(to), limit)) as { count: number; last: string | null }[];
      return row!;
    },
  };
}
