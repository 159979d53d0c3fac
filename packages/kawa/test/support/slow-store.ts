import { openTestStore, TestDatabase } from "./sqlite.ts";
import type { SignalStore } from "../../src/rivetkit/store/signal-store.ts";

/** True for the statement of a commit. */
export function isWrite(sql: string): boolean {
  return sql.startsWith("INSERT INTO signals");
}

/** A store whose commits wait, each for one `commit()`. */
export async function openSlowStore(): Promise<{ db: TestDatabase; store: SignalStore; commit: () => Promise<void> }> {
  const db = new TestDatabase();
  const store = await openTestStore(db);
  const gates: (() => void)[] = [];
  db.before = (sql) => (isWrite(sql) ? new Promise<void>((resolve) => gates.push(resolve)) : undefined);
  const commit = async (): Promise<void> => {
    gates.shift()!();
    await new Promise(setImmediate);
  };
  return { db, store, commit };
}
