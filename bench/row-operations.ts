import { fillRows, pageLimit, pageOf, type RowSet, sqliteRows } from "./bench-rows.ts";

let sqlitePage: ReturnType<typeof sqliteRows> | undefined;

/** What a worker does with collections. */
export const rowOperations = {
  /** Writes every row of a set. */
  async fillRows(of: RowSet): Promise<void> {
    await fillRows(of);
  },
  /** Milliseconds of the first read of the first page of each of these lists, which nothing in this process knows. */
  async timePages(of: RowSet, firstList: number, count: number): Promise<number[]> {
    const samples: number[] = [];
    for (let list = firstList; list < firstList + count; list += 1) {
      const startedAt = performance.now();
      const rows = await pageOf(of, list).get();
      samples.push(performance.now() - startedAt);
      if (rows.length !== pageLimit) throw new Error(`List ${list} has ${rows.length} rows.`);
    }
    return samples;
  },
  /** Makes the same rows in a database of this process. */
  async fillSqlite(path: string, count: number): Promise<void> {
    sqlitePage = sqliteRows(path, count);
  },
  /** Milliseconds of the same queries in that database. */
  async timeSqlitePages(firstList: number, count: number): Promise<number[]> {
    return Array.from({ length: count }, (_, offset) => {
      const startedAt = performance.now();
      sqlitePage!(firstList + offset);
      return performance.now() - startedAt;
    });
  },
  /** Follows the first pages of the first lists. */
  async showPages(of: RowSet, count: number): Promise<void> {
    for (let list = 0; list < count; list += 1) {
      const page = pageOf(of, list);
      await page.get();
      page.subscribe(() => {});
    }
  },
};
