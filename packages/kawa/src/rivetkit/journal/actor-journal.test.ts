import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { migrateSignalStore, sqliteHandle } from "../storage/sqlite-storage.ts";
import type { StoreHandle } from "../storage/storage.ts";
import { type ActorJournalOptions, openActorJournal, removeActorJournal } from "./actor-journal.ts";

let folder: ReturnType<typeof makeTempFolder>;
let db: TestDatabase;
let flushCount: number;
const handles: StoreHandle[] = [];

beforeEach(async () => {
  folder = makeTempFolder();
  db = new TestDatabase();
  flushCount = 0;
  await migrateSignalStore(db);
});

afterEach(async () => {
  await Promise.all(handles.splice(0).map((handle) => handle.close()));
  folder.remove();
});

function journals() {
  return { path: folder.path, engine: { flush: async () => void (flushCount += 1), failureCount: 0 } };
}

async function open(options: Partial<ActorJournalOptions> = {}): Promise<StoreHandle> {
  const handle = await openActorJournal(sqliteHandle(db), {
    journals: journals(),
    durability: "disk",
    id: "id",
    name: ["reactiveState", "global"],
    ...options,
  });
  handles.push(handle);
  return handle;
}

it("takes up the journal of a version that named its folder after the id of the actor", async () => {
  mkdirSync(join(folder.path, "id"));
  writeFileSync(join(folder.path, "id", "current"), '[0,[["a","[0]"]]]\n');
  expect(await (await open()).load(0)).toEqual([{ key: "a", text: "[0]", seq: 0 }]);
  expect(existsSync(join(folder.path, "id"))).toBe(false);
  expect(readdirSync(folder.path)).toHaveLength(1);
});

it("tells actors apart by name and key, whatever is in them", async () => {
  const names = [
    ["a", "b", "c"],
    ["a", "b/c"],
    ["a/b", "c"],
    ["a", "x".repeat(1_000)],
    ["a", "../../b"],
    ["a", "\0"],
  ];
  for (const [index, name] of names.entries()) await open({ name, id: `id${index}` });
  expect(readdirSync(folder.path)).toHaveLength(names.length);
});

it("knows an actor again that the engine does not know any more", async () => {
  const first = await open();
  await first.commit([{ key: "a", text: "[0]", seq: 0 }]);
  // It would store its commit in the background, at any moment from now on.
  await first.close();
  db.sqlite.exec("DELETE FROM signals");
  expect(await codeOf(() => open({ id: "another" }))).toBe("STORE_INCOMPLETE");
  await removeActorJournal(journals(), ["reactiveState", "global"]);
  expect(await (await open({ id: "another" })).load(0)).toEqual([]);
});

it("flushes as it is told to", async () => {
  await open({ durability: "process" });
  expect(flushCount).toBe(0);
  await open({ durability: "disk" });
  expect(flushCount).toBe(1);
});
