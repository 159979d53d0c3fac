import { expect, it } from "vitest";
import { describeColdContract } from "../../../test/contract/cold-contract.ts";
import { describeStorageContract } from "../../../test/contract/storage-contract.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import { coldKey } from "./cold-keys.ts";
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
describeColdContract("an actor's SQLite database", () => storage);

it("reads a page in one statement, and its rows in the order in which they are stored", async () => {
  const db = new TestDatabase();
  await migrateSignalStore(db);
  const handle = sqliteHandle(db);
  const ids = ["c", "a", "d", "b"];
  await handle.commit([
    ...ids.map((id, rank) => ({ key: coldKey(`i:${rank}:${id}`), text: `:${id}`, seq: 0 })),
    ...ids.map((id) => ({ key: coldKey(`r:${id}`), text: "[1]", seq: 0 })),
  ]);
  db.statements.length = 0;
  const range = { from: coldKey("i:"), to: coldKey("i:\x7f"), rowPrefix: coldKey("r") };
  const page = await handle.cold!.page({ ...range, isDescending: true, limit: 4, rowCount: 3 });
  expect(db.statements).toHaveLength(1);
  expect(page.keys).toEqual(ids.map((id, rank) => coldKey(`i:${rank}:${id}`)).toReversed());
  expect(page.rows.map(({ key }) => key)).toEqual(["a", "b", "d"].map((id) => coldKey(`r:${id}`)));
});
