import { describeStorageContract } from "../../../test/contract/storage-contract.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import { migrateSignalStore, sqliteHandle } from "./sqlite-storage.ts";
import type { SignalStorage } from "./storage.ts";

/** One database for each actor, as the engine keeps them. */
function sqliteStorage(): SignalStorage {
  const databases = new Map<string, TestDatabase>();
  return {
    async open(name) {
      const db = databases.get(name) ?? new TestDatabase();
      databases.set(name, db);
      await migrateSignalStore(db);
      return sqliteHandle(db);
    },
  };
}

const storage = sqliteStorage();
describeStorageContract("an actor's SQLite database", () => storage);
