import type { StorageSession, StoredRow } from "../storage.ts";
import { Backlog, sizeOfEntry } from "./backlog.ts";
import { type JournalEntry, JournalFile } from "./journal-file.ts";

/** What is larger goes to the storage at once, so that what it refuses is refused, and no large write holds up the process. */
const maxEntrySize = 256 * 1024;
/** Of commits that are acknowledged and not stored yet, in characters. To store them takes two seconds, also for the next incarnation. */
const maxBacklogSize = 8 * 1024 * 1024;
/** In bytes. Under steady load the journal is never empty, and so never cleared by itself. */
const maxFileSize = 64 * 1024 * 1024;
/** What comes within it is stored with one commit, when those who wait for the first have shown it. */
const storeDelayMs = 30;
const retryDelayMs = 500;

/**
 * Puts a journal in front of a slower session, which takes rows of several commits at once: a commit is durable when it is in the
 * file, and is stored a little later. `folder` must outlive the actor and belong to it alone.
 */
export async function journaled(folder: string, session: StorageSession): Promise<StorageSession> {
  const file = await JournalFile.open(folder, (entries) => storeMissing(session, entries));
  return new JournaledSession(file, session);
}

async function storeMissing(session: StorageSession, entries: readonly JournalEntry[]): Promise<void> {
  const [first] = entries;
  if (!first) return;
  const stored = await session.load(first[0]!.seq);
  const newest = stored.reduce((seq, row) => Math.max(seq, row.seq), -1);
  const backlog = new Backlog(session);
  for (const entry of entries) if (entry[0]!.seq > newest) backlog.add(entry);
  await backlog.drain();
}

class JournaledSession implements StorageSession {
  readonly #file: JournalFile;
  readonly #session: StorageSession;
  readonly #backlog: Backlog;
  #timer: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  constructor(file: JournalFile, session: StorageSession) {
    this.#file = file;
    this.#session = session;
    this.#backlog = new Backlog(session);
  }

  async load(from: number): Promise<readonly StoredRow[]> {
    await this.#storeAll();
    return this.#session.load(from);
  }

  async commit(rows: readonly StoredRow[]): Promise<void> {
    if (rows.length === 0) return;
    if (sizeOfEntry(rows) > maxEntrySize) {
      await this.#storeAll();
      return this.#session.commit(rows);
    }
    if (this.#file.size > maxFileSize) await this.#storeAll();
    while (this.#backlog.size > maxBacklogSize) await this.#backlog.store();
    this.#file.append(rows);
    this.#backlog.add(rows);
    this.#storeIn(storeDelayMs);
  }

  async remove(keys: readonly string[], upTo: number): Promise<void> {
    await this.#storeAll();
    await this.#session.remove(keys, upTo);
  }

  /** What the storage does not take now, the next incarnation finds in the journal. */
  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#storeAll().catch(() => {});
    this.#file.close();
    await this.#session.close();
  }

  async #storeAll(): Promise<void> {
    this.#file.checkCurrent();
    await this.#backlog.drain();
    // Something may have come meanwhile.
    if (this.#backlog.size === 0) this.#file.clear();
  }

  #storeIn(delayMs: number): void {
    if (this.#ended) return;
    this.#timer ??= setTimeout(() => this.#storeInBackground(), delayMs).unref();
  }

  async #storeInBackground(): Promise<void> {
    try {
      await this.#storeAll();
      this.#timer = undefined;
      if (this.#backlog.size > 0) this.#storeIn(0);
    } catch {
      this.#timer = undefined;
      if (this.#file.isCurrent) this.#storeIn(retryDelayMs);
    }
  }
}
