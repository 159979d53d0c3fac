import {
  appendFileSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { KawaError } from "../../core/errors.ts";
import type { StoredRow } from "../storage.ts";

/** One commit: all its rows have its number. */
export type JournalEntry = readonly StoredRow[];

type Line = readonly [seq: number, rows: readonly (readonly [key: string, text: string | null])[]];

const currentName = "current";
const damagedSuffix = ".damaged";

/**
 * Commits of one actor in a file that survives SIGKILL of every process; it is not flushed to the disk, for neither is what the
 * engine stores. One incarnation of the actor appends to it. The next one takes the file away, by renaming it.
 */
export class JournalFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #inode: bigint;
  #size = 0;
  #isClosed = false;

  private constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, "ax", 0o600);
    this.#inode = fstatSync(this.#fd, { bigint: true }).ino;
  }

  /** Takes over the journal in a folder. `replay` stores what incarnations before have left in it. */
  static async open(folder: string, replay: (entries: readonly JournalEntry[]) => Promise<void>): Promise<JournalFile> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (;;) {
      const left = takeFiles(folder);
      await replay(left.flatMap(({ entries }) => entries));
      for (const { path, isDamaged } of left) {
        if (isDamaged) renameSync(path, path + damagedSuffix);
        else rmSync(path, { force: true });
      }
      try {
        return new JournalFile(join(folder, currentName));
      } catch (error) {
        // Another incarnation started beside this one.
        if (!hasCode(error, "EEXIST")) throw error;
      }
    }
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** False after another incarnation has taken over. */
  get isCurrent(): boolean {
    return !this.#isClosed && statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino === this.#inode;
  }

  /**
   * @throws {KawaError} BACKEND_CLOSED - another incarnation has taken over; it may have found this entry, or not
   */
  append(rows: JournalEntry): void {
    const line: Line = [rows[0]!.seq, rows.map(({ key, text }) => [key, text])];
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    this.checkCurrent();
    try {
      appendFileSync(this.#fd, bytes);
    } catch (error) {
      this.#removeHalfLine();
      throw error;
    }
    this.#size += bytes.length;
    // Whoever renames the file reads it afterwards: what was appended while it was still in its place is found.
    this.checkCurrent();
  }

  /** Forgets all entries. */
  clear(): void {
    if (this.#isClosed || this.#size === 0) return;
    ftruncateSync(this.#fd, 0);
    this.#size = 0;
  }

  checkCurrent(): void {
    if (!this.isCurrent) throw new KawaError("BACKEND_CLOSED", "Another incarnation of the actor has taken over its journal.");
  }

  /** Leaves the entries to the next incarnation. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  /** As when the disk is full. The next entry must not go on with it. */
  #removeHalfLine(): void {
    try {
      ftruncateSync(this.#fd, this.#size);
    } catch {
      this.close();
    }
  }
}

type TakenFile = { readonly path: string; readonly entries: JournalEntry[]; readonly isDamaged: boolean };

/** Also those that an incarnation had taken which then ended. */
function takeFiles(folder: string): TakenFile[] {
  ifExists(() => renameSync(join(folder, currentName), join(folder, randomUUID())));
  const names = readdirSync(folder).filter((name) => name !== currentName && !name.endsWith(damagedSuffix));
  const files = names.flatMap((name) => ifExists(() => read(join(folder, name))) ?? []);
  return files.sort((a, b) => firstSeq(a) - firstSeq(b));
}

function read(path: string): TakenFile {
  const lines = readFileSync(path, "utf8").split("\n");
  // It has no end, so it was never acknowledged.
  lines.pop();
  const entries: JournalEntry[] = [];
  for (const line of lines) {
    try {
      const [seq, rows] = JSON.parse(line) as Line;
      entries.push(rows.map(([key, text]) => ({ key, text, seq })));
    } catch {
      const kept = `${entries.length} of ${lines.length} commits that were not stored yet`;
      console.error(`[kawa] The journal of an actor is damaged, as after a power cut: ${kept} are readable. It is kept as ${path}${damagedSuffix}.`);
      return { path, entries, isDamaged: true };
    }
  }
  return { path, entries, isDamaged: false };
}

function firstSeq({ entries }: TakenFile): number {
  return entries[0]?.[0]?.seq ?? 0;
}

/** Undefined where another incarnation was faster. */
function ifExists<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
