import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import { write } from "../../../test/support/store.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { SignalStore } from "../store/signal-store.ts";
import { migrateSignalStore, sqliteHandle } from "../storage/sqlite-storage.ts";
import type { StoreHandle, StoredRow } from "../storage/storage.ts";
import { type Disk, realDisk } from "./disk.ts";
import type { EngineStore } from "./engine-files.ts";
import { journaled, type JournaledOptions } from "./journaled-handle.ts";

let folder: ReturnType<typeof makeTempFolder>;
let db: TestDatabase;
let engine: EngineStore & { failureCount: number };
/** What was asked of the disk and the engine. */
let log: string[];
/** Called instead of writing. */
let onWrite: ((write: () => Promise<void>) => Promise<void>) | undefined;
let onFlush: (() => Promise<void>) | undefined;
let logged: ReturnType<typeof vi.spyOn>;
const handles: StoreHandle[] = [];

const disk: Disk = {
  ...realDisk,
  create: async (path, isFlushed) => {
    const file = await realDisk.create(path, isFlushed);
    const flushed = async (bytes: Uint8Array, position: number): Promise<void> => {
      await file.write(bytes, position);
      log.push("write");
    };
    return {
      ...file,
      write: (bytes, position) => (onWrite ? onWrite(() => flushed(bytes, position)) : flushed(bytes, position)),
    };
  },
};

beforeEach(async () => {
  folder = makeTempFolder();
  db = new TestDatabase();
  await migrateSignalStore(db);
  db.after = (sql) => void (sql.startsWith("INSERT") && log.push("store"));
  log = [];
  onWrite = undefined;
  onFlush = undefined;
  logged = vi.spyOn(console, "error").mockImplementation(() => {});
  engine = {
    failureCount: 0,
    flush: async () => {
      await onFlush?.();
      log.push("flush");
    },
  };
});

afterEach(async () => {
  onWrite = undefined;
  await Promise.all(handles.splice(0).map((handle) => handle.close()));
  vi.restoreAllMocks();
  folder.remove();
});

const actorFolder = (): string => join(folder.path, "actor");

async function open(options: Partial<JournaledOptions> = {}): Promise<StoreHandle> {
  const handle = await journaled({
    handle: sqliteHandle(db),
    engine,
    actor: "id",
    name: "reactiveState/global",
    folder: actorFolder(),
    disk,
    ...options,
  });
  handles.push(handle);
  log.length = 0;
  return handle;
}

function row(seq: number, key = `k${seq}`, text: string | null = `[${seq}]`): StoredRow {
  return { key, text, seq };
}

/** Of the system, as Node reports it. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk`), { code });
}

/** A promise that is settled from outside. */
function gate(): { passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

describe("a commit", () => {
  it("is acknowledged when the disk has it, and not before", async () => {
    const handle = await open();
    const { passed, open: release } = gate();
    onWrite = async (flushed) => {
      await passed;
      await flushed();
    };
    const committed = handle.commit([row(0)]).then(() => log.push("acknowledged"));
    await new Promise(setImmediate);
    expect(log).toEqual([]);
    release();
    await committed;
    expect(log).toEqual(["write", "acknowledged"]);
  });

  it("takes one write to the disk for all that came while the one before was on its way", async () => {
    const store = await SignalStore.open(await open({ limits: { firstBytes: 100_000 } }));
    log.length = 0;
    const { passed, open: release } = gate();
    onWrite = async (flushed) => {
      await passed;
      await flushed();
    };
    const writes = Array.from({ length: 100 }, (_, index) =>
      write(store, `c${index}`, 1, [{ key: `k${index}`, text: "[1]" }]),
    );
    await new Promise(setImmediate);
    const later = Array.from({ length: 100 }, (_, index) =>
      write(store, `d${index}`, 1, [{ key: `k${index}`, text: "[2]" }]),
    );
    release();
    await Promise.all([...writes, ...later]);
    expect(log.filter((each) => each === "write")).toHaveLength(2);
  });

  it("leaves the event loop to others while a disk is slow", async () => {
    const handle = await open();
    const { passed, open: release } = gate();
    onWrite = async (flushed) => {
      await passed;
      await flushed();
    };
    const committed = handle.commit([row(0)]);
    let turns = 0;
    while (turns < 1_000) {
      await new Promise(setImmediate);
      turns += 1;
    }
    expect(log).toEqual([]);
    release();
    await committed;
  });

  it("that goes to the engine at once is acknowledged when the engine's files are flushed", async () => {
    const handle = await open();
    await handle.commit([row(0, "a")]);
    log.length = 0;
    await handle.commit([row(1, "large", "x".repeat(300_000))]);
    expect(log).toEqual(["store", "store", "flush"]);
  });

  it("that was in doubt is believed when the engine's files are flushed", async () => {
    const handle = await open();
    await handle.load(0);
    await handle.commit([row(0)]);
    await handle.load(0);
    expect(log.at(-1)).toBe("flush");
  });

  it("is acknowledged after the engine was flushed once: only then the actor itself comes back", async () => {
    const flush = vi.spyOn(engine, "flush");
    const handle = await open();
    expect(flush).toHaveBeenCalledTimes(1);
    for (let seq = 0; seq < 20; seq += 1) await handle.commit([row(seq)]);
    await handle.close();
    expect(flush).toHaveBeenCalledTimes(1);
  });

  it("is given up in the journal when the engine has stored it, and then its files are flushed, now and then", async () => {
    const handle = await open({ limits: { releaseBytes: 20_000, maxBytes: 60_000, firstBytes: 4_096 } });
    const text = "x".repeat(1_000);
    for (let seq = 0; seq < 300; seq += 1) await handle.commit([row(seq, `k${seq}`, text)]);
    await handle.close();
    const flushes = log.filter((each) => each === "flush").length;
    expect(flushes).toBeGreaterThan(4);
    expect(flushes).toBeLessThan(30);
    expect(log.indexOf("store")).toBeLessThan(log.indexOf("flush"));
    expect(readFileSync(join(actorFolder(), "current")).length).toBeLessThanOrEqual(60_000);
  });

  it("flushes nothing where a killed process is all that it must survive", async () => {
    const flush = vi.spyOn(engine, "flush");
    const create = vi.spyOn(disk, "create");
    const handle = await open({ engine: undefined });
    await handle.commit([row(0)]);
    await handle.commit([row(1, "large", "x".repeat(300_000))]);
    expect(flush).not.toHaveBeenCalled();
    expect(create).toHaveBeenCalledExactlyOnceWith(expect.anything(), false);
  });
});

describe("a disk that fails", () => {
  it("ends the incarnation: nobody knows what became of the commit, and the next one reads what there is", async () => {
    const handle = await open();
    await handle.commit([row(0)]);
    onWrite = async (flushed) => {
      await flushed();
      throw systemError("EIO");
    };
    expect(await codeOf(() => handle.commit([row(1)]))).toBe("DISK_FAILED");
    onWrite = undefined;
    for (const work of [() => handle.commit([row(1)]), () => handle.load(0), () => handle.remove(["k0"], 0)]) {
      expect(await codeOf(work)).toBe("BACKEND_CLOSED");
    }
    expect(logged).toHaveBeenCalledTimes(1);
    expect(await (await open()).load(0)).toEqual([row(0), row(1)]);
  });

  it("ends the store over it, which says so, and a batch that is sent again is applied once", async () => {
    const first = await SignalStore.open(await open());
    const closed = vi.fn<() => void>();
    first.listen(() => {}, closed);
    onWrite = async (flushed) => {
      await flushed();
      throw systemError("EIO");
    };
    const error = await caught(() => write(first, "c", 1, [{ key: "a", text: "[1]" }]));
    expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", cause: { code: "DISK_FAILED" } });
    expect(closed).toHaveBeenCalledTimes(1);
    onWrite = undefined;
    const second = await SignalStore.open(await open());
    expect(second.get("a").text).toBe("[1]");
    expect(await write(second, "c", 1, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: second.position.seq });
  });

  it("only refuses while it is full, and takes the next commit when it is not", async () => {
    const store = await SignalStore.open(await open({ limits: { firstBytes: 2_000 } }));
    const text = `["${"x".repeat(3_000)}"]`;
    onWrite = () => Promise.reject(systemError("ENOSPC"));
    expect(await caught(() => write(store, "c", 1, [{ key: "a", text }]))).toMatchObject({
      code: "DISK_FAILED",
      data: { isFull: true },
    });
    onWrite = undefined;
    await write(store, "c", 1, [{ key: "a", text }]);
    expect((await SignalStore.open(await open())).get("a").text).toBe(text);
  });

  it("was not even asked where no file can be opened: the incarnation goes on", async () => {
    const handle = await open({ limits: { releaseBytes: 100, maxEntrySize: 100 } });
    onFlush = () => Promise.reject(systemError("EMFILE"));
    expect(await caught(() => handle.commit([row(0, "a", "x".repeat(200))]))).toMatchObject({ code: "EMFILE" });
    onFlush = undefined;
    await handle.commit([row(1)]);
    expect(await (await open()).load(0)).toEqual([row(0, "a", "x".repeat(200)), row(1)]);
  });

  it("under the engine ends the incarnation too, and nothing is given up", async () => {
    const handle = await open({ limits: { releaseBytes: 100 } });
    onFlush = () => Promise.reject(systemError("EIO"));
    await handle.commit([row(0, "a", "x".repeat(200))]);
    await vi.waitFor(() => expect(logged).toHaveBeenCalledTimes(1));
    expect(await codeOf(() => handle.commit([row(1)]))).toBe("BACKEND_CLOSED");
    expect(await caught(() => open())).toMatchObject({ code: "EIO" });
    db.sqlite.exec("DELETE FROM signals");
    onFlush = undefined;
    expect(await (await open()).load(0)).toEqual([row(0, "a", "x".repeat(200))]);
  });

  it("under the engine of another actor ends this one's incarnation: the same files were flushed", async () => {
    const handle = await open();
    await handle.commit([row(0)]);
    engine.failureCount += 1;
    expect(await codeOf(() => handle.commit([row(1)]))).toBe("BACKEND_CLOSED");
    await (await open()).commit([row(1)]);
  });
});

describe("a store that is behind the journal", () => {
  /** As when the end of the engine's own log is gone. */
  function loseFrom(seq: number): void {
    db.sqlite.exec(`DELETE FROM signals WHERE seq >= ${seq}`);
  }

  async function fill(options: Partial<JournaledOptions> = {}): Promise<void> {
    const handle = await open(options);
    for (let seq = 0; seq < 10; seq += 1) await handle.commit([row(seq)]);
    await handle.close();
  }

  it("is given again what the journal still has", async () => {
    await fill();
    loseFrom(4);
    expect(await (await open()).load(0)).toHaveLength(10);
  });

  it("is refused when the journal has given up what is missing, with what to do, until somebody does it", async () => {
    await fill();
    await (await open()).close();
    loseFrom(4);
    const error = await caught(() => open());
    expect(error).toMatchObject({ code: "STORE_INCOMPLETE" });
    expect(String(error)).toContain("commits 4 to 9");
    expect(String(error)).toContain(actorFolder());
    expect(await codeOf(() => open())).toBe("STORE_INCOMPLETE");
    rmSync(actorFolder(), { recursive: true });
    expect(await (await open()).load(0)).toHaveLength(4);
  });

  it("is refused when a line of the journal is damaged before one that is whole", async () => {
    await fill();
    loseFrom(2);
    const [name] = readdirSync(actorFolder());
    const path = join(actorFolder(), name!);
    const bytes = readFileSync(path);
    bytes.fill(0, bytes.indexOf('"k5"'), bytes.indexOf('"k5"') + 4);
    writeFileSync(path, bytes);
    expect(String(await caught(() => open()))).toContain("commits 5 to 9");
  });

  it("is no loss where the last line is damaged: it was not acknowledged", async () => {
    await fill();
    loseFrom(2);
    const path = join(actorFolder(), "current");
    const bytes = readFileSync(path);
    bytes.fill(0, bytes.indexOf('"k9"'), bytes.indexOf('"k9"') + 4);
    writeFileSync(path, bytes);
    expect(await (await open()).load(0)).toHaveLength(9);
  });

  it("is refused when the engine knows another actor in its place, and none of its values", async () => {
    await fill();
    db.sqlite.exec("DELETE FROM signals");
    const error = await caught(() => open({ actor: "new id" }));
    expect(error).toMatchObject({ code: "STORE_INCOMPLETE" });
    expect(String(error)).toContain("new id");
  });

  it("is only reported where a power cut may do that", async () => {
    await fill({ engine: undefined });
    await (await open({ engine: undefined })).close();
    loseFrom(4);
    const handle = await open();
    expect(await handle.load(0)).toHaveLength(4);
    expect(logged).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("commits 4 to 9"));
    await handle.commit([row(4)]);
  });
});
