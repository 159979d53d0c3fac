import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeColdContract } from "../../../test/contract/cold-contract.ts";
import { describeStorageContract } from "../../../test/contract/storage-contract.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { write } from "../../../test/support/store.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { SignalStore } from "../store/signal-store.ts";
import { migrateSignalStore, sqliteHandle } from "../storage/sqlite-storage.ts";
import type { SignalStorage, StoreHandle, StoredRow } from "../storage/storage.ts";
import type { EngineStore } from "./engine-files.ts";
import { journaled, type JournaledOptions } from "./journaled-handle.ts";

let folder: ReturnType<typeof makeTempFolder>;
let db: TestDatabase;
const handles: StoreHandle[] = [];

beforeEach(async () => {
  folder = makeTempFolder();
  db = new TestDatabase();
  await migrateSignalStore(db);
});

afterEach(async () => {
  vi.useRealTimers();
  heal();
  await Promise.all(handles.splice(0).map((handle) => handle.close()));
  folder.remove();
});

async function open(options: Partial<JournaledOptions> = {}): Promise<StoreHandle> {
  const handle = await journaled({
    handle: sqliteHandle(db),
    engine: undefined,
    actor: "id",
    name: "reactiveState/global",
    folder: join(folder.path, "actor"),
    ...options,
  });
  handles.push(handle);
  return handle;
}

function row(seq: number, key = `k${seq}`, text: string | null = `[${seq}]`): StoredRow {
  return { key, text, seq };
}

/** What is in SQLite, without the journal. */
function stored(): StoredRow[] {
  return db.sqlite
    .prepare("SELECT key, value AS text, seq FROM signals ORDER BY seq, key")
    .all()
    .map((each) => ({ ...each })) as StoredRow[];
}

function isInsert(sql: string): boolean {
  return sql.startsWith("INSERT");
}

function journalSize(): number {
  return statSync(join(folder.path, "actor", "current")).size;
}

/** From here on the database does not answer; what it was asked for is done when `answer` is called. */
function hang(): { answer(): void } {
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  db.before = () => answered;
  return { answer };
}

function breakDown(error: unknown = new Error("the engine is gone")): void {
  db.before = (sql) => {
    if (isInsert(sql)) throw error;
  };
}

function heal(): void {
  db.before = () => {};
  db.after = () => {};
}

/** After so many turns of the microtask queue. */
async function after<T>(turns: number, work: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < turns; turn += 1) await undefined;
  return work();
}

const engine: EngineStore = { flush: async () => {}, failureCount: 0 };

/** A storage as an embedded engine and its folder are: a database and a journal for each actor. */
function embeddedStorage(isFlushed: boolean): SignalStorage {
  const databases = new Map<string, TestDatabase>();
  return {
    async open(name) {
      const database = databases.get(name) ?? new TestDatabase();
      databases.set(name, database);
      await migrateSignalStore(database);
      const handle = sqliteHandle(database);
      return journaled({
        handle,
        engine: isFlushed ? engine : undefined,
        actor: name,
        name,
        folder: join(folder.path, encodeURIComponent(name)),
      });
    },
  };
}

describe.each([true, false])("a journal (flushed: %s)", (isFlushed) => {
  const storage = { open: (name: string) => current.open(name) };
  let current: SignalStorage;
  beforeEach(() => (current = embeddedStorage(isFlushed)));
  describeStorageContract("a journal before SQLite", () => storage);
  describeColdContract("a journal before SQLite", () => storage);
});

describe("a commit", () => {
  it("is acknowledged when it is in the journal, and stored a little later", async () => {
    const handle = await open();
    const engine = hang();
    await handle.commit([row(0, "a"), row(0, "b")]);
    expect(stored()).toEqual([]);
    engine.answer();
    await vi.waitFor(() => expect(stored()).toEqual([row(0, "a"), row(0, "b")]));
  });

  it("is stored together with others that come meanwhile, the newest row of each key", async () => {
    const handle = await open();
    db.statements.length = 0;
    await handle.commit([row(0, "a"), row(0, "b")]);
    await handle.commit([row(1, "a")]);
    await handle.commit([row(2, "c"), row(2, "b", null)]);
    await vi.waitFor(() => expect(stored()).toEqual([row(1, "a"), row(2, "b", null), row(2, "c")]));
    expect(db.statements.filter(isInsert)).toHaveLength(1);
  });

  it("of more than 256 Ki characters is stored before it is acknowledged, after those before it", async () => {
    const handle = await open();
    await handle.commit([row(0, "a")]);
    const large = row(1, "large", "x".repeat(256 * 1024));
    await handle.commit([large]);
    expect(stored()).toEqual([row(0, "a"), large]);
    breakDown();
    expect(await caught(() => handle.commit([{ ...large, seq: 2 }]))).toEqual(new Error("the engine is gone"));
    heal();
    expect(await handle.load(2)).toEqual([]);
  });

  it("waits where too many are not stored yet, and no longer than until some are", async () => {
    const handle = await open();
    const text = "x".repeat(100_000);
    const engine = hang();
    let acknowledged = 0;
    const writing = (async () => {
      for (let seq = 0; seq < 200; seq += 1) {
        await handle.commit([row(seq, `k${seq}`, text)]);
        acknowledged += 1;
      }
    })();
    await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(50));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(acknowledged).toBeLessThan(100);
    heal();
    engine.answer();
    await writing;
    await handle.close();
    expect(stored()).toHaveLength(200);
  });

  it("is refused where too many are not stored yet and the storage takes none", async () => {
    const handle = await open();
    breakDown();
    const text = "x".repeat(100_000);
    let seq = 0;
    const error = await caught(async () => {
      for (; seq < 200; seq += 1) await handle.commit([row(seq, `k${seq}`, text)]);
    });
    expect(error).toEqual(new Error("the engine is gone"));
    heal();
    expect(await handle.load(0)).toHaveLength(seq);
  });

  it(
    "does not let the journal grow for ever when there is always something to store",
    { timeout: 60_000 },
    async () => {
      const handle = await open();
      const text = "x".repeat(200_000);
      let largest = 0;
      for (let seq = 0; seq < 1_000; seq += 1) {
        await handle.commit([row(seq, "a", text)]);
        largest = Math.max(largest, journalSize());
      }
      expect(largest).toBeLessThan(17 * 1024 * 1024);
      expect(await handle.load(0)).toEqual([row(999, "a", text)]);
    },
  );
});

describe("a storage that fails", () => {
  it("is tried again, and given everything", async () => {
    const handle = await open();
    let failures = 0;
    db.before = (sql) => {
      if (isInsert(sql) && ++failures <= 2) throw new Error("busy");
    };
    await handle.commit([row(0)]);
    await vi.waitFor(() => expect(failures).toBe(1));
    await handle.commit([row(1)]);
    await vi.waitFor(() => expect(stored()).toEqual([row(0), row(1)]), { timeout: 10_000 });
  });

  it("may have stored what it says it has not", async () => {
    const handle = await open();
    let isFirst = true;
    db.after = (sql) => {
      if (!isInsert(sql) || !isFirst) return;
      isFirst = false;
      throw new Error("answer lost");
    };
    await handle.commit([row(0, "a")]);
    await handle.commit([row(1, "b")]);
    await vi.waitFor(() => expect(stored()).toEqual([row(0, "a"), row(1, "b")]), { timeout: 10_000 });
  });

  it("makes load, remove and nothing else fail", async () => {
    const handle = await open();
    breakDown();
    await handle.commit([row(0)]);
    expect(await caught(() => handle.load(0))).toEqual(new Error("the engine is gone"));
    expect(await caught(() => handle.remove(["k0"], 1_000))).toEqual(new Error("the engine is gone"));
    await handle.commit([row(1)]);
    heal();
    expect(await handle.load(0)).toHaveLength(2);
    await handle.remove(["k0"], 1_000);
    expect(await handle.load(0)).toEqual([row(1)]);
  });
});

describe("the next incarnation", () => {
  it("finds what was acknowledged before a kill and not stored", async () => {
    const killed = await open();
    breakDown();
    await killed.commit([row(0, "a"), row(0, "b")]);
    await killed.commit([row(1, "b", null)]);
    heal();
    const next = await open();
    await vi.waitFor(() => expect(stored()).toEqual([row(0, "a"), row(1, "b", null)]));
    expect(await next.load(0)).toEqual([row(0, "a"), row(1, "b", null)]);
  });

  it("stores nothing again that was stored, and overwrites nothing newer with it", async () => {
    const killed = await open();
    await killed.commit([row(0, "a"), row(0, "b")]);
    await vi.waitFor(() => expect(stored()).toHaveLength(2));
    breakDown();
    await killed.commit([row(1, "a")]);
    await killed.commit([row(2, "a")]);
    heal();
    // It was on its way when its process was killed.
    await sqliteHandle(db).commit([row(1, "a")]);
    db.statements.length = 0;
    const next = await open();
    expect(await next.load(0)).toEqual([row(2, "a"), row(0, "b")]);
    expect(await next.load(0)).toEqual([row(2, "a"), row(0, "b")]);
    expect(db.statements.filter(isInsert)).toHaveLength(1);
  });

  it("believes the storage where that is newer, as after a power cut that took the end of the journal", async () => {
    const killed = await open();
    breakDown();
    await killed.commit([row(0, "a")]);
    heal();
    const isStored = sqliteHandle(db).commit([row(1, "a")]);
    // For the killed one, which would try again.
    breakDown();
    await isStored;
    await open();
    expect(stored()).toEqual([row(1, "a")]);
  });

  it("finds a commit that was acknowledged while the one before it was being stored, at whatever moment", async () => {
    for (let turns = 0; turns < 20; turns += 1) {
      const handle = await open();
      const from = turns * 2;
      let isStoring = false;
      let acknowledged: Promise<void> | undefined;
      db.before = async (sql) => {
        if (!isInsert(sql) || isStoring) throw new Error("the engine is gone");
        isStoring = true;
      };
      db.after = () => {
        acknowledged = after(turns, () => handle.commit([row(from + 1, "a")]));
      };
      await handle.commit([row(from, "a")]);
      await vi.waitFor(() => expect(acknowledged).toBeDefined());
      await acknowledged;
      heal();
      expect(await (await open()).load(0)).toEqual([row(from + 1, "a")]);
    }
  });

  it("starts before the storage has taken it, and cannot start before that tells what it has", async () => {
    const killed = await open();
    breakDown();
    await killed.commit([row(0)]);
    for (let n = 0; n < 3; n += 1) expect(await (await open()).load(0)).toEqual([row(0)]);
    expect(stored()).toEqual([]);
    db.before = () => {
      throw new Error("the engine is gone");
    };
    expect(await caught(() => open())).toEqual(new Error("the engine is gone"));
    expect(await caught(() => open())).toEqual(new Error("the engine is gone"));
    heal();
    await open();
    await vi.waitFor(() => expect(stored()).toEqual([row(0)]));
    expect(readdirSync(join(folder.path, "actor"))).toEqual(["current"]);
  });

  it("ends the one before it, which stores nothing more", async () => {
    const first = await open();
    breakDown();
    await first.commit([row(0, "a")]);
    heal();
    const second = await open();
    await second.commit([row(1, "a")]);
    await second.load(0);
    expect(await codeOf(() => first.commit([row(1, "a", '["lost"]')]))).toBe("BACKEND_CLOSED");
    expect(await codeOf(() => first.commit([row(1, "a", "x".repeat(300_000))]))).toBe("BACKEND_CLOSED");
    expect(await codeOf(() => first.load(0))).toBe("BACKEND_CLOSED");
    expect(await codeOf(() => first.remove(["a"], 1_000))).toBe("BACKEND_CLOSED");
    await first.close();
    expect(stored()).toEqual([row(1, "a")]);
  });

  it("keeps its own values from a retry of the one before", async () => {
    const first = await open();
    const tries: number[] = [];
    db.before = (sql) => {
      if (!isInsert(sql)) return;
      tries.push(1);
      throw new Error("the engine is gone");
    };
    await first.commit([row(0, "a")]);
    await vi.waitFor(() => expect(tries).toHaveLength(1));
    heal();
    const second = await open();
    await second.commit([row(1, "a")]);
    await second.close();
    // Longer than the first one waits.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(stored()).toEqual([row(1, "a")]);
  });

  it("lets the one before it rest", async () => {
    vi.useFakeTimers();
    const first = await open();
    breakDown();
    await first.commit([row(0, "a")]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(vi.getTimerCount()).toBe(1);
    heal();
    await open();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("close", () => {
  it("stores what is left", async () => {
    const handle = await open();
    await handle.commit([row(0)]);
    await Promise.all([handle.close(), handle.close()]);
    expect(stored()).toEqual([row(0)]);
  });

  it("leaves to the next one what the storage does not take", async () => {
    const handle = await open();
    breakDown();
    await handle.commit([row(0)]);
    await handle.close();
    expect(stored()).toEqual([]);
    heal();
    await open();
    await vi.waitFor(() => expect(stored()).toEqual([row(0)]));
  });

  it("closes the handle behind it once", async () => {
    const close = vi.fn<() => Promise<void>>(async () => {});
    const handle = await open({ handle: { ...sqliteHandle(db), close } });
    await handle.close();
    await handle.close();
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe("a store over it", () => {
  it("applies a batch once that an incarnation had refused and the next one found", async () => {
    await (await openTestStore(db)).close();
    const first = await SignalStore.open(await open());
    breakDown();
    await write(first, "c", 1, [{ key: "a", text: "[1]" }]);
    heal();
    const second = await SignalStore.open(await open());
    expect(second.get("a")).toEqual({ text: "[1]", seq: 1 });
    expect(await write(second, "c", 1, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: 1 });
    expect(await codeOf(() => write(first, "c", 2, [{ key: "a", text: "[2]" }]))).toBe("BACKEND_UNAVAILABLE");
    expect(await codeOf(() => first.read(["a"]))).toBe("BACKEND_UNAVAILABLE");
    expect(second.position.seq).toBe(1);
  });
});
