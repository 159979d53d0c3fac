import { DatabaseSync, type StatementSync } from "node:sqlite";
import { collection, namespace } from "kawa";

export type BenchRow = { readonly list: string; readonly rank: number; readonly text: string };

export const limit = 50;
const rowsOfList = 1_000;

export const rows = collection<BenchRow>(namespace("bench"), "rows", { indexes: { byList: ["list", "rank"] } });

export function rowAt(at: number): BenchRow {
  const list = `list-${Math.floor(at / rowsOfList)}`;
  return { list, rank: (at * 7_919) % rowsOfList, text: `${at} `.padEnd(100, "x") };
}

type Sqlite = { readonly db: DatabaseSync; readonly insert: StatementSync; readonly select: StatementSync };

/** The same rows in a database of this process; the modules of a page and of a route have no other state in common. */
export function sqliteAt(path: string): Sqlite {
  return ((globalThis as { benchSqlite?: Sqlite }).benchSqlite ??= open(path));
}

function open(path: string): Sqlite {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE rows (id TEXT PRIMARY KEY, list TEXT, rank REAL, value TEXT)");
  db.exec("CREATE INDEX by_list ON rows (list, rank, id)");
  return {
    db,
    insert: db.prepare("INSERT INTO rows VALUES (?, ?, ?, ?)"),
    select: db.prepare("SELECT id, value FROM rows WHERE list = ? ORDER BY rank, id LIMIT ?"),
  };
}
