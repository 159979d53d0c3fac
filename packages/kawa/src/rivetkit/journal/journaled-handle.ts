import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { ColdRows, StoreHandle, StoredRow } from "../storage/storage.ts";
import { Backlog, sizeOfCommit } from "./backlog.ts";
import { type Disk, realDisk } from "./disk.ts";
import type { EngineStore } from "./engine-files.ts";
import { isOutOfDescriptors } from "./error-code.ts";
import { journaledCold } from "./journaled-cold.ts";
import { JournalFile } from "./journal-file.ts";
import { encodeEntry } from "./journal-line.ts";
import { type Replayed, replay } from "./replay.ts";
import { StoreSchedule } from "./store-schedule.ts";

export type JournalLimits = {
  /** A larger commit goes to the storage at once, so that the storage can refuse it. In characters. */
  readonly maxEntrySize: number;
  /** Size of the commits that are acknowledged and not stored yet, in characters. To store them takes two seconds, also at the next start. */
  readonly maxBacklogSize: number;
  /** Size of a new journal, which every actor has. It doubles when it is full. */
  readonly firstBytes: number;
  /** Once this many bytes of the journal are in use, the engine's files are flushed. */
  readonly releaseBytes: number;
  /** Largest size of a journal. The next incarnation reads all of it, and may have to store it again. */
  readonly maxBytes: number;
};

export type JournaledOptions = {
  readonly handle: StoreHandle;
  /** Flushes what the handle has stored. With it a commit is acknowledged when the disk has it, without it when the system has it. */
  readonly engine: EngineStore | undefined;
  /** Id of the actor that the engine knows. */
  readonly actor: string;
  /** Name and key of the actor, for people. */
  readonly name: string;
  /** Must outlive the actor and belong to it alone. */
  readonly folder: string;
  readonly disk?: Disk;
  readonly limits?: Partial<JournalLimits>;
};

const defaultLimits: JournalLimits = {
  maxEntrySize: 256 * 1024,
  maxBacklogSize: 8 * 1024 * 1024,
  firstBytes: 8 * 1024,
  releaseBytes: 2 * 1024 * 1024,
  maxBytes: 16 * 1024 * 1024,
};

/**
 * Puts a journal in front of a slower handle, which takes rows of several commits at once: a commit is durable, and acknowledged, when it
 * is in the journal's file; it is stored a little later.
 *
 * @throws {KawaError} STORE_INCOMPLETE - a commit that was acknowledged is gone
 * @throws {KawaError} DISK_FAILED - the journal cannot be made, or the engine's files cannot be flushed
 */
export async function journaled(options: JournaledOptions): Promise<StoreHandle> {
  const { engine, actor, folder, disk = realDisk } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const failureCount = engine?.failureCount ?? 0;
  let replayed: Replayed | undefined;
  const file = await JournalFile.open({ folder, disk, isFlushed: engine !== undefined, ...limits }, async (left) => {
    replayed = await replay(left, options);
    return { actor, stored: replayed.stored, entries: replayed.missing };
  });
  return new JournaledHandle(file, { ...options, limits, failureCount, ...replayed! });
}

type Opened = Pick<JournaledOptions, "handle" | "engine" | "name"> & {
  readonly limits: JournalLimits;
  readonly failureCount: number;
} & Pick<Replayed, "rows" | "missing">;

class JournaledHandle implements StoreHandle {
  readonly cold: ColdRows | undefined;
  readonly #file: JournalFile;
  readonly #handle: StoreHandle;
  readonly #engine: EngineStore | undefined;
  readonly #name: string;
  readonly #limits: JournalLimits;
  readonly #failureCount: number;
  readonly #backlog: Backlog;
  /** All rows, until they are asked for or changed. */
  #rows: readonly StoredRow[] | undefined;
  readonly #schedule: StoreSchedule;
  #releasing: Promise<void> | undefined;
  /** After a failure only the next incarnation may go on: it reads what the disk has. */
  #failure: unknown;
  #ended: Promise<void> | undefined;

  constructor(file: JournalFile, { handle, engine, name, limits, failureCount, rows, missing }: Opened) {
    this.#file = file;
    this.#handle = handle;
    this.#engine = engine;
    this.#name = name;
    this.#limits = limits;
    this.#failureCount = failureCount;
    this.#backlog = new Backlog(handle);
    this.cold = handle.cold && journaledCold(handle.cold, this.#backlog);
    this.#rows = rows;
    for (const entry of missing) this.#backlog.add(entry);
    this.#schedule = new StoreSchedule({
      size: () => this.#backlog.size,
      store: async () => {
        this.#check();
        await this.#storeOnce();
      },
      mayTryAgain: () => this.#failure === undefined && this.#file.isCurrent,
    });
    this.#schedule.plan();
  }

  async load(from: number): Promise<readonly StoredRow[]> {
    this.#check();
    const rows = this.#rows;
    this.#rows = undefined;
    if (rows) return rows.filter(({ seq }) => seq >= from);
    await this.#storeAll();
    const found = await this.#handle.load(from);
    // The caller takes these rows for durable.
    await this.#flushEngine();
    return found;
  }

  async commit(rows: readonly StoredRow[]): Promise<void> {
    if (rows.length === 0) return;
    this.#checkFailure();
    this.#rows = undefined;
    if (sizeOfCommit(rows) > this.#limits.maxEntrySize) return this.#commitToHandle(rows);
    while (this.#backlog.size > this.#limits.maxBacklogSize) await this.#backlog.store();
    const line = encodeEntry(rows);
    while (!this.#file.hasRoom(line)) {
      await this.#backlog.store();
      await this.#release();
    }
    try {
      await this.#file.append(line, rows[0]!.seq);
    } catch (error) {
      if (isKawaError(error, "DISK_FAILED") && error.data["isFull"] !== true) this.#fail(error);
      throw error;
    }
    this.#backlog.add(rows);
    this.#schedule.plan();
  }

  /** A row may come back after a power cut. The next incarnation removes it again. */
  async remove(keys: readonly string[], upTo: number): Promise<void> {
    this.#rows = undefined;
    await this.#storeAll();
    await this.#handle.remove(keys, upTo);
  }

  /** Commits that the storage does not take now are found in the journal by the next incarnation. */
  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#schedule.end();
    await this.#storeAll().catch(() => {});
    await this.#releasing?.catch(() => {});
    await this.#file.close();
    await this.#handle.close();
  }

  async #commitToHandle(rows: readonly StoredRow[]): Promise<void> {
    await this.#storeAll();
    await this.#handle.commit(rows);
    await this.#flushEngine();
  }

  async #storeAll(): Promise<void> {
    this.#check();
    do await this.#storeOnce();
    while (this.#backlog.size > 0);
  }

  async #storeOnce(): Promise<void> {
    await this.#backlog.store();
    // This goes on beside what is stored meanwhile.
    if (this.#file.usedBytes > this.#releaseBytes) this.#release().catch(() => {});
  }

  /** Bytes that may be in use before space is given up: none where nothing is flushed. */
  get #releaseBytes(): number {
    return this.#engine ? this.#limits.releaseBytes : 0;
  }

  #release(): Promise<void> {
    const seq = this.#backlog.storedSeq;
    this.#releasing ??= this.#flushEngine()
      .then(() => this.#file.release(seq))
      .finally(() => (this.#releasing = undefined));
    return this.#releasing;
  }

  async #flushEngine(): Promise<void> {
    try {
      await this.#engine?.flush();
    } catch (error) {
      if (!isOutOfDescriptors(error)) this.#fail(error);
      throw error;
    }
    this.#check();
  }

  #check(): void {
    this.#checkFailure();
    this.#file.checkCurrent();
  }

  #checkFailure(): void {
    // The flush of another actor has failed: it is unknown what the disk has of the commits that were stored here.
    if (this.#engine && this.#engine.failureCount !== this.#failureCount)
      this.#fail(new Error("The engine's files could not be flushed."));
    if (this.#failure !== undefined) {
      throw new KawaError("BACKEND_CLOSED", "The actor has to restart after a disk failure.", {
        cause: this.#failure,
      });
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    console.error(
      `[kawa] The actor ${this.#name} restarts, because it is unknown which of its last commits the disk has:`,
      error,
    );
  }
}
