import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SignalStore, type SignalStoreOptions } from "../../src/rivetkit/store/signal-store.ts";
import { migrateSignalStore, type SqlDatabase, sqliteHandle } from "../../src/rivetkit/storage/sqlite-storage.ts";

/** An actor's database in memory, with faults on demand. */
export class TestDatabase implements SqlDatabase {
  readonly sqlite: DatabaseSync = new DatabaseSync(":memory:");
  readonly statements: string[] = [];
  /** Called before each statement; what it throws is the statement's failure. */
  before: (sql: string) => void | Promise<void> = () => {};
  /** Called after each statement was applied. */
  after: (sql: string) => void | Promise<void> = () => {};

  async execute(sql: string, ...args: unknown[]): Promise<unknown[]> {
    await this.before(sql);
    this.statements.push(sql);
    const rows = this.sqlite.prepare(sql).all(...(args as SQLInputValue[]));
    await this.after(sql);
    return rows;
  }
}

export async function openTestStore(
  db: TestDatabase = new TestDatabase(),
  options: SignalStoreOptions = {},
): Promise<SignalStore> {
  await migrateSignalStore(db);
  return SignalStore.open(sqliteHandle(db), options);
}
