import { join } from "node:path";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { type Disk, type FileState, realDisk, withFoldersAbove } from "./disk.ts";
import { isOutOfDescriptors } from "./error-code.ts";

/** Puts the commits that an engine was given on the disk. */
export interface EngineStore {
  /** Puts on the disk all that the engine had stored when it was called. Calls that come meanwhile share the next one. */
  flush(): Promise<void>;
  /** How often a flush has failed. After each failure it is unknown what the disk has of earlier commits. */
  readonly failureCount: number;
}

export type EngineFilesOptions = {
  /** Folder of the app, with the engine's token and the app's secret. */
  path: string;
  /** Folder of the engine's store, a RocksDB. */
  dataPath: string;
  disk?: Disk;
  /** Called when a flush has failed: starts the engine again. */
  onFailure?: () => void;
};

/** Names the files of the store. Each run of an engine writes another name into it. */
const runName = "CURRENT";
/** Files that hold nothing of the store. A file that ends with `.room` asks whether the disk is full. */
const isNoData = (name: string): boolean =>
  name === "LOCK" || name === "LOG" || name.startsWith("LOG.") || name.endsWith(".room");
const isNoSetting = (name: string): boolean => name.endsWith(".log") || name.endsWith(".lock");
/** The clocks of files are coarse. Only a file that was changed this long before its flush is unchanged when it looks the same. */
const coarseMs = 2_000;
const maxPassCount = 10;

type Flushed = FileState & { readonly atMs: number };

/**
 * The files of an embedded engine, which does not flush them itself: it writes each commit to its log (`write`, no buffer of its own), and
 * flushes only what it rewrites, before it deletes the log. A flush works on a file, whichever process has written it.
 */
export class EngineFiles implements EngineStore {
  readonly #path: string;
  readonly #dataPath: string;
  readonly #disk: Disk;
  readonly #onFailure: () => void;
  readonly #flushed = new Map<string, Flushed>();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #hasFlushedFolder = false;
  #failedRun: string | undefined;
  #failureCount = 0;

  constructor({ path, dataPath, disk = realDisk, onFailure = () => {} }: EngineFilesOptions) {
    this.#path = path;
    this.#dataPath = dataPath;
    this.#disk = disk;
    this.#onFailure = onFailure;
  }

  get failureCount(): number {
    return this.#failureCount;
  }

  /** @throws {KawaError} DISK_FAILED - until the engine has been started again, which reads its files anew */
  flush(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#running = this.#flush();
        return this.#running;
      });
    return this.#next;
  }

  async #flush(): Promise<void> {
    const run = (await this.#disk.read(join(this.#dataPath, runName)))?.toString() ?? "";
    // The system reports a failure once: the next flush succeeds although bytes are missing.
    if (run === this.#failedRun) throw this.#failed("since an earlier failure the engine was not started again yet");
    try {
      if (!this.#hasFlushedFolder) await this.#flushFolder();
      this.#hasFlushedFolder = true;
      await this.#flushData();
    } catch (cause) {
      if (isOutOfDescriptors(cause)) throw cause;
      this.#failedRun = run;
      this.#failureCount += 1;
      this.#flushed.clear();
      this.#onFailure();
      throw this.#failed(clip((cause as Error).message), cause);
    }
  }

  /** Flushes what is needed to find the store and to be allowed to read it. */
  async #flushFolder(): Promise<void> {
    for (const name of await this.#disk.list(this.#path)) {
      if (!isNoSetting(name)) await this.#disk.flushFile(join(this.#path, name));
    }
    for (const folder of withFoldersAbove(this.#path)) await this.#disk.flushFolder(folder);
  }

  /** Flushes the changed files in several passes: the rows of a file that is deleted meanwhile are in another one, which may be new. */
  async #flushData(): Promise<void> {
    const seen = new Set<string>();
    for (let pass = 0; pass < maxPassCount; pass += 1) {
      const names = (await this.#disk.list(this.#dataPath)).filter((name) => !isNoData(name) && !seen.has(name));
      if (names.length === 0) break;
      for (const name of names) {
        seen.add(name);
        await this.#flushIfChanged(name);
      }
    }
    for (const name of this.#flushed.keys()) if (!seen.has(name)) this.#flushed.delete(name);
    await this.#disk.flushFolder(this.#dataPath);
  }

  async #flushIfChanged(name: string): Promise<void> {
    const path = join(this.#dataPath, name);
    const atMs = Date.now();
    const state = await this.#disk.stateOf(path);
    if (!state || isSame(this.#flushed.get(name), state)) return;
    if (await this.#disk.flushFile(path)) this.#flushed.set(name, { ...state, atMs });
  }

  #failed(reason: string, cause?: unknown): KawaError {
    return new KawaError(
      "DISK_FAILED",
      `The files of the engine in ${this.#dataPath} could not be flushed to the disk: ${reason}. ` +
        `No acknowledged write is lost: the journal has it. The engine restarts, to read its files again; repair the disk.`,
      { cause, data: { code: (cause as NodeJS.ErrnoException | undefined)?.code ?? "EIO" } },
    );
  }
}

function isSame(flushed: Flushed | undefined, state: FileState): boolean {
  if (flushed?.id !== state.id || flushed.bytes !== state.bytes || flushed.changedAtMs !== state.changedAtMs)
    return false;
  return state.changedAtMs < flushed.atMs - coarseMs;
}
