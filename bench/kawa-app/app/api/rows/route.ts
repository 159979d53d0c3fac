import "../../../lib/backend.ts";
import { rowAt, rows, sqliteAt } from "../../../lib/rows.ts";

const idOf = (at: number): string => `row-${String(at).padStart(7, "0")}`;

/** Writes some rows to both sides. */
export async function POST(request: Request): Promise<Response> {
  const { path, from, count } = (await request.json()) as { path: string; from: number; count: number };
  const numbers = Array.from({ length: count }, (_, offset) => from + offset);
  await Promise.all(numbers.map((at) => rows.upsert(idOf(at), rowAt(at))));
  const { db, insert } = sqliteAt(path);
  db.exec("BEGIN");
  for (const at of numbers) {
    const row = rowAt(at);
    insert.run(idOf(at), row.list, row.rank, JSON.stringify(row));
  }
  db.exec("COMMIT");
  return new Response(null, { status: 204 });
}
