import type { Entry } from "../core/backend/backend.ts";
import { expectedSeq } from "../core/backend/expected.ts";
import type { Attempt, TransactionWrite } from "../core/backend/transacting.ts";
import { isKawaError, KawaError } from "../core/errors/errors.ts";
import { backoff } from "../core/process/backoff.ts";
import { delay } from "../core/process/delay.ts";
import { withTimeout } from "../core/process/with-timeout.ts";
import { encodeChange } from "../core/value/commuting.ts";
import { encodeValue } from "../core/value/value.ts";
import { publicError } from "./ask.ts";
import type { BrowserBackend } from "./browser-backend.ts";
import { loadCodec } from "./codec.ts";
import { deliver } from "./deliver.ts";
import { randomId } from "./random-id.ts";
import { isSame, TransactionParts } from "./transaction-parts.ts";
import { type KnownNumber, maxGroupedWrites, type TransactionPart, type TransactionRequest } from "./value-protocol.ts";
import { putTransaction } from "./write-frame.ts";

/** What a run has read and made; `thrown` instead where its function throws. */
type Made = {
  readonly reads: ReadonlyMap<string, Entry>;
  readonly writes: readonly TransactionWrite[];
  readonly thrown?: { readonly error: unknown } | undefined;
};

/** Who looked when it was begun. */
export type Visit = { readonly backend: BrowserBackend; readonly forgetCount: number };

/** Most runs when others are faster: in this tab, and elsewhere. */
const maxTries = 20;
const retry = { firstMs: 4, maxMs: 500 } as const;
/** Longest run while other writes of this tab wait for it, in milliseconds: it might wait for one of them. */
const longestRunMs = 40_000;

/**
 * A transaction of a browser: run on what the page shows, and shown as one step. When the earlier writes of this tab to its keys have ended,
 * it is sent with the numbers of what it has read, and run again on what the server has where these are not current.
 */
export class BrowserTransaction {
  readonly #backend: BrowserBackend;
  readonly #attempt: Attempt;
  readonly #parts: TransactionParts;
  readonly #forgetCount: number;

  constructor(attempt: Attempt, { backend, forgetCount }: Visit) {
    this.#backend = backend;
    this.#attempt = attempt;
    this.#parts = new TransactionParts(backend);
    this.#forgetCount = forgetCount;
  }

  /**
   * @throws {KawaError} UPDATE_CONFLICT - others were faster each time
   * @throws {KawaError} UNAUTHORIZED - another visitor looks now
   * @throws what its function throws, of values that were current
   */
  async commit(): Promise<void> {
    try {
      let made = await this.#showRun();
      if (made.reads.size + made.writes.length === 0) return;
      while (!(await this.#parts.hasTurn())) made = await this.#showRun();
      for (let tries = 1; ; tries += 1) {
        this.#checkVisitor();
        if (!this.#isCurrent(made)) {
          made = await this.#run((key) => this.#backend.slot(key).entry);
          this.#checkVisitor();
          if (isOfNoValue(made)) throw made.thrown!.error;
          this.#parts.show(made, true);
          await this.#parts.turn();
        }
        if (tries > 1) await delay(Math.random() * backoff(retry, tries - 1));
        // What it has read may have come anew meanwhile.
        if (this.#isCurrent(made) && (await this.#send(made))) return;
        if (tries === maxTries) throw publicError("UPDATE_CONFLICT", "Others were faster. Please try again.");
      }
    } catch (error) {
      // It may have been made or not: show what the actor holds.
      if (isKawaError(error) && error.status >= 500) await this.#backend.read(this.#parts.writtenKeys).catch(() => {});
      throw error;
    } finally {
      this.#parts.end([]);
    }
  }

  /** Runs it on what the page shows, and once more where that changes while the function waits. Shows what it has made. */
  async #showRun(): Promise<Made> {
    const shown = (key: string): Entry => this.#parts.before(key);
    for (let tries = 1; ; tries += 1) {
      const made = await this.#run(shown);
      this.#checkVisitor();
      if (isOfNoValue(made)) throw made.thrown!.error;
      const isStill = [...made.reads].every(([key, entry]) => isSame(entry, shown(key)));
      if (!isStill && tries < maxTries) continue;
      this.#parts.show(made, false);
      return made;
    }
  }

  async #run(entryOf: (key: string) => Entry): Promise<Made> {
    const reads = new Map<string, Entry>();
    const read = async (key: string): Promise<Entry> => {
      if (entryOf(key).state === "unknown") await this.#backend.load([key]);
      // A value that was written here, and is not known otherwise.
      if (entryOf(key).state === "unknown") await this.#backend.read([key]);
      // Another read of it may have been faster.
      const entry = reads.get(key) ?? entryOf(key);
      reads.set(key, entry);
      return entry;
    };
    try {
      const attempt = this.#attempt(read);
      const writes = await (this.#parts.isEmpty ? attempt : withTimeout(attempt, longestRunMs, refuseLongRun));
      const keyCount = new Set([...reads.keys(), ...writes.map(({ key }) => key)]).size;
      const writeCount = writes.reduce((count, write) => count + ("changes" in write ? write.changes.length : 1), 0);
      if (Math.max(keyCount, writeCount) > maxGroupedWrites) throw tooMany();
      return { reads, writes };
    } catch (error) {
      return { reads, writes: [], thrown: { error } };
    }
  }

  /** Whether it was run on what the actor holds, as far as is known here. */
  #isCurrent({ reads }: Made): boolean {
    return [...reads].every(([key, entry]) => isSame(entry, this.#backend.slot(key).entry));
  }

  /** False after a conflict. One that writes nothing, or throws, has what it has read compared: it may have been old. */
  async #send({ reads, writes, thrown }: Made): Promise<boolean> {
    const request: TransactionRequest = {
      id: randomId(),
      reads: [...reads.keys()].map((key) => this.#numberOf(key)),
      writes: writes.map(partOf),
    };
    const again = { ...request, bases: writes.map(({ key }) => this.#numberOf(key)) };
    this.#checkVisitor();
    this.#parts.noteSent();
    const check = (): void => this.#checkVisitor();
    const reply = await deliver(request, again, { send: putTransaction, check }).catch((error: unknown) => {
      throw thrown ? thrown.error : error;
    });
    const { rows, isConflict } = reply;
    await loadCodec(rows);
    if (isConflict) {
      this.#checkVisitor();
      await this.#backend.receive(rows);
      const told = new Set(rows.map(([key]) => key));
      await this.#backend.read([...reads.keys()].filter((key) => !told.has(key)));
      return false;
    }
    if (thrown) throw thrown.error;
    // The rows are what an earlier visitor may see.
    if (!this.#isOfAnother) await this.#parts.readMissing(rows);
    this.#parts.end(this.#isOfAnother ? [] : rows);
    return true;
  }

  #numberOf(key: string): KnownNumber {
    const { entry, confirmed } = this.#backend.slot(key);
    return [key, expectedSeq(entry), confirmed?.epoch ?? ""];
  }

  get #isOfAnother(): boolean {
    return this.#backend.forgetCount.peek() !== this.#forgetCount;
  }

  #checkVisitor(): void {
    if (this.#isOfAnother) throw publicError("UNAUTHORIZED", "Somebody else is signed in now. This was not saved.");
  }
}

/** True for a failure that other values would not mend. */
function isOfNoValue({ reads, thrown }: Made): boolean {
  if (!thrown) return false;
  return reads.size === 0 || (isKawaError(thrown.error) && !isKawaError(thrown.error, "CHANGE_REFUSED"));
}

function partOf(write: TransactionWrite): TransactionPart {
  const { key } = write;
  if ("isDeleted" in write) return { key, text: null };
  if ("value" in write) return { key, text: encodeValue(key, write.value, undefined, write.version) };
  return { key, changes: write.changes.map((change) => encodeChange(key, change)) };
}

function tooMany(): KawaError {
  const message = `A transaction of a browser has at most ${maxGroupedWrites} signals and writes. Call a server action for more.`;
  return new KawaError("TRANSACTION_INVALID", message);
}

/** @throws {KawaError} TRANSACTION_INVALID */
function refuseLongRun(): never {
  const message = `The function of a transaction ran again, for more than ${longestRunMs / 1_000} s. It must not await other writes.`;
  throw new KawaError("TRANSACTION_INVALID", message);
}
