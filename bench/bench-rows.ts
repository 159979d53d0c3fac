import { DatabaseSync } from "node:sqlite";
import { collection, type Collection, namespace, type Query } from "kawa";
import { initReactiveBackend, type ReactiveBackend } from "kawa/rivetkit";
import { registry } from "./registry.ts";
import { textOf } from "./text.ts";

/** Rows 0 to `count` - 1 of an actor, in lists of 1,000. */
export type RowSet = { readonly actorId: string; readonly count: number };

type BenchRow = { readonly list: string; readonly rank: number; readonly text: string };

export type BenchRows = { readonly backend: ReactiveBackend; readonly rows: Collection<BenchRow> };

const rowsOfList = 1_000;
const valueBytes = 100;
const chunkCount = 5_000;
export const pageLimit = 50;
const made = new Map<string, BenchRows>();

export function benchRows({ actorId }: RowSet): BenchRows {
  let found = made.get(actorId);
  if (!found) {
    const backend = initReactiveBackend({ registry, actorId, global: false });
    const rows = collection<BenchRow>(namespace("bench", { backend }), "rows", {
      indexes: { byList: ["list", "rank"] },
    });
    made.set(actorId, (found = { backend, rows }));
  }
  return found;
}

const idOf = (at: number): string => `row-${String(at).padStart(7, "0")}`;
const rowAt = (at: number): BenchRow => ({
  list: `list-${Math.floor(at / rowsOfList)}`,
  rank: (at * 7_919) % rowsOfList,
  text: textOf(at, valueBytes),
});

export async function fillRows(of: RowSet): Promise<void> {
  const { rows } = benchRows(of);
  for (let start = 0; start < of.count; start += chunkCount) {
    const chunk = Array.from({ length: Math.min(chunkCount, of.count - start) }, (_, offset) =>
      rows.upsert(idOf(start + offset), rowAt(start + offset)),
    );
    await Promise.all(chunk);
  }
}

/** The first rows of one of the lists. */
export function pageOf(of: RowSet, list: number): Query<BenchRow> {
  return benchRows(of).rows.query({ where: { list: `list-${list}` }, limit: pageLimit });
}

/** Changes the text of the first row of the first page. */
export function changeFirst(of: RowSet): (number: number) => Promise<void> {
  const { rows } = benchRows(of);
  return async (number) => void (await rows.update(idOf(0), (row) => ({ ...row, text: textOf(number, valueBytes) })));
}

/** The same rows in a database of this process, and its first page of a list. */
export function sqliteRows(path: string, count: number): (list: number) => number {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE rows (id TEXT PRIMARY KEY, list TEXT, rank REAL, value TEXT)");
  const insert = db.prepare("INSERT INTO rows VALUES (?, ?, ?, ?)");
  db.exec("BEGIN");
  for (let at = 0; at < count; at += 1) {
    const row = rowAt(at);
    insert.run(idOf(at), row.list, row.rank, JSON.stringify(row));
  }
  db.exec("CREATE INDEX by_list ON rows (list, rank, id); COMMIT");
  const select = db.prepare("SELECT id, value FROM rows WHERE list = ? ORDER BY rank, id LIMIT ?");
  return (list) => {
    const found = select.all(`list-${list}`, pageLimit) as { id: string; value: string }[];
    return found.map(({ id, value }) => ({ id, value: JSON.parse(value) as BenchRow })).length;
  };
}
