import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { KawaError } from "../../core/errors/errors.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { hasCode } from "./error-code.ts";
import {
  encodeEntry,
  encodeHeader,
  type JournalContent,
  type JournalEntry,
  type JournalHeader,
} from "./journal-line.ts";
import { JournalSpace } from "./journal-space.ts";
import { readLeftFiles } from "./left-files.ts";

const currentName = "current";

export type JournalFileOptions = {
  readonly folder: string;
  readonly disk: Disk;
  /** True: an entry is on the disk when `append` resolves. False: it survives the end of every process, and no power cut. */
  readonly isFlushed: boolean;
  readonly firstBytes: number;
  readonly maxBytes: number;
};

export type JournalStart = Omit<JournalHeader, "isFlushed"> & { readonly entries: readonly JournalEntry[] };

/** The disk is full, and nothing was written. */
const fullCodes = ["ENOSPC", "EDQUOT", "EFBIG"];

/**
 * The commits of one actor in a file that is used as a ring buffer. One incarnation of the actor appends to it. The next one takes the file
 * away, by renaming it. Space is filled with zeros before it is used: to flush what is overwritten is faster than to flush a file that
 * grows.
 */
export class JournalFile {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #space: JournalSpace;
  readonly #isFlushed: boolean;
  #isClosed = false;

  private constructor(file: DiskFile, space: JournalSpace, { folder, disk, isFlushed }: JournalFileOptions) {
    this.#path = join(folder, currentName);
    this.#disk = disk;
    this.#file = file;
    this.#space = space;
    this.#isFlushed = isFlushed;
  }

  /**
   * Takes over the journal in a folder. `replay` is given what incarnations before have left in it, and says what the new file begins with.
   * What it leaves out is forgotten.
   */
  static async open(
    options: JournalFileOptions,
    replay: (left: JournalContent) => Promise<JournalStart>,
  ): Promise<JournalFile> {
    const { folder, disk, isFlushed } = options;
    await disk.makeFolder(folder);
    for (;;) {
      await disk.rename(join(folder, currentName), join(folder, randomUUID()));
      const { content, paths } = await readLeftFiles(folder, disk);
      const { actor, stored, entries } = await replay(content);
      const header = encodeHeader({ actor, stored, isFlushed });
      const lines = entries.map((entry) => ({ bytes: encodeEntry(entry), seq: entry[0]!.seq }));
      // The new file takes the name of one that is still needed.
      if (isFlushed && entries.length > 0) await disk.flushFolder(folder);
      const file = await create(options);
      // Another incarnation has made the file at the same moment.
      if (!file) continue;
      const first = Buffer.concat([header, ...lines.map(({ bytes }) => bytes)]);
      const space = new JournalSpace({
        start: header.length,
        end: Math.max(options.firstBytes, first.length),
        max: options.maxBytes,
      });
      for (const { bytes, seq } of lines) space.use(space.place(bytes.length)!, seq);
      const journal = new JournalFile(file, space, options);
      try {
        await file.write(isFlushed ? Buffer.concat([first], space.end) : first, 0);
        if (isFlushed) for (const path of [folder, join(folder, "..")]) await disk.flushFolder(path);
      } catch (cause) {
        await journal.#discard();
        throw failed(`a new journal in ${folder}`, cause, true);
      }
      try {
        // Another incarnation may have renamed the new file, and read it before it was written.
        journal.checkCurrent();
        await journal.#replace(paths, folder);
      } catch (error) {
        await journal.close();
        throw error;
      }
      return journal;
    }
  }

  /** Bytes of entries that were not given up. */
  get usedBytes(): number {
    return this.#space.used;
  }

  /** Whether an entry fits in before others are given up. */
  hasRoom(line: Uint8Array): boolean {
    return this.#space.place(line.length) !== undefined;
  }

  /** False after another incarnation has taken over. */
  get isCurrent(): boolean {
    return !this.#isClosed && this.#file.isInPlace();
  }

  /**
   * Appends the line of a commit, for which there is room; one at a time.
   *
   * @throws {KawaError} BACKEND_CLOSED - another incarnation has taken over; it may have found this entry, or not
   * @throws {KawaError} DISK_FAILED - `data.isFull`: nothing was written. Otherwise the disk may have the entry or not, and only the next
   * incarnation may go on
   */
  async append(line: Uint8Array, seq: number): Promise<void> {
    if (this.#isClosed) throw takenOver();
    const place = this.#space.place(line.length)!;
    if (place.end > this.#space.end) await this.#extend(place.end);
    try {
      const written = this.#file.write(line, place.at);
      if (written) await written;
    } catch (cause) {
      // A line that is not flushed is whole or no line; the next one overwrites it.
      throw failed(`a commit, which was not acknowledged (${this.#path})`, cause, !this.#isFlushed);
    }
    this.#space.use(place, seq);
    // The next incarnation renames the file, then reads it: it finds what was appended before. What is appended later is in a file that is
    // not read again, so this check comes after the write, and such a commit is not acknowledged.
    this.checkCurrent();
  }

  /** Gives up the entries up to a commit: they are in the engine's store, as safe as they are here. */
  release(seq: number): void {
    this.#space.release(seq);
  }

  checkCurrent(): void {
    if (!this.isCurrent) throw takenOver();
  }

  /** Leaves the entries to the next incarnation. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#file.close();
  }

  /** Deletes the older files. Their entries have moved into this one, which therefore stays, whatever happens. */
  async #replace(paths: readonly string[], folder: string): Promise<void> {
    try {
      for (const path of paths) await this.#disk.remove(path);
      // From here on no old file comes back, whose last line may have the number of a new one.
      if (this.#isFlushed && paths.length > 0) await this.#disk.flushFolder(folder);
    } catch (cause) {
      throw failed(`that an old journal in ${folder} is gone`, cause, false);
    }
  }

  /** Deletes the file of a failed attempt: on a full disk each attempt would take up more room. */
  async #discard(): Promise<void> {
    if (this.isCurrent) await this.#disk.remove(this.#path);
    await this.close();
  }

  async #extend(end: number): Promise<void> {
    if (this.#isFlushed) {
      try {
        await this.#file.write(Buffer.alloc(end - this.#space.end), this.#space.end);
      } catch (cause) {
        throw failed(
          `a commit, which was not acknowledged (${this.#path})`,
          cause,
          fullCodes.some((code) => hasCode(cause, code)),
        );
      }
    }
    this.#space.end = end;
  }
}

async function create({ folder, disk, isFlushed }: JournalFileOptions): Promise<DiskFile | undefined> {
  try {
    return await disk.create(join(folder, currentName), isFlushed);
  } catch (error) {
    if (hasCode(error, "EEXIST")) return undefined;
    throw error;
  }
}

function takenOver(): KawaError {
  return new KawaError("BACKEND_CLOSED", "Another incarnation of the actor has taken over its journal.");
}

function failed(what: string, cause: unknown, isFull: boolean): KawaError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new KawaError("DISK_FAILED", `The disk did not take ${what}: ${message}. Free space or repair the disk.`, {
    cause,
    data: { isFull, ...(code === undefined ? {} : { code }) },
  });
}
