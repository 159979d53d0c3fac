import { randomUUID } from "node:crypto";
import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { MemberList } from "../../core/backend/member-list.ts";
import type { Version } from "../../core/value/version.ts";
import { type Batch, BatchGroup, type Outcome } from "./batch-group.ts";
import { checkWrites } from "./check-writes.ts";
import { type ClientRecord, mergeClients } from "./client-record.ts";
import type { Lives, MemberGroups } from "./member-groups.ts";
import type { Delta, Replies, Row } from "../wire/protocol.ts";
import { Purge } from "./purge.ts";
import { refusedByDisk } from "./disk-refusal.ts";
import { SignalRows } from "./signal-rows.ts";
import type { StoreHandle } from "../storage/storage.ts";
import { StoreListeners } from "./store-listeners.ts";
import { loadHistory, openHistory, toCommit } from "./stored-history.ts";

/** Outcome of a batch. `rows` are what it wrote; a row that a later batch of the same commit replaced has a lower number. */
export type Written = Replies["write"] & { readonly rows: readonly Row[] };

export type SignalStoreOptions = { readonly maxDeletedKeys?: number };

type Waiting = { readonly batch: Batch; resolve(reply: Written): void; reject(error: KawaError): void };

/**
 * The actor's map, and its only writer. Reads are answered from memory, a write when the handle's `commit` has made it durable.
 *
 *     serving ── a commit failed ─▶ in doubt ── the storage says whether it has it ─▶ serving      both ── close, replaced ─▶ ended
 */
export class SignalStore {
  /** Names this incarnation of the actor. */
  readonly instance: string = randomUUID();
  readonly #handle: StoreHandle;
  readonly #rows = new SignalRows();
  readonly #clients = new Map<string, ClientRecord>();
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new StoreListeners();
  readonly #purge: Purge;
  #epoch = "";
  #seq = 0;
  /** Runs while batches are waiting: it commits one group after the other. */
  #commits: Promise<void> | undefined;
  #state: "serving" | "in doubt" | "ended" = "serving";
  #closed: Promise<void> | undefined;

  private constructor(handle: StoreHandle, { maxDeletedKeys }: SignalStoreOptions) {
    this.#handle = handle;
    this.#purge = new Purge({
      handle,
      rows: this.#rows,
      clients: this.#clients,
      onDue: () => void this.write({ number: 0, settled: 0, writes: [] }).catch(() => {}),
      onError: (error) => this.#endIfReplaced(error),
      maxCount: maxDeletedKeys,
    });
  }

  /** Opens what the handle holds, and closes the handle when that fails. */
  static async open(handle: StoreHandle, options: SignalStoreOptions = {}): Promise<SignalStore> {
    const store = new SignalStore(handle, options);
    try {
      const { epoch, seq, purgedSeq, rows, lives, clients } = await openHistory(handle, options.maxDeletedKeys);
      store.#epoch = epoch;
      store.#seq = seq;
      store.#rows.restore(rows, { lives, seq, purgedSeq });
      for (const [client, record] of clients) store.#clients.set(client, record);
      return store;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  /** The ephemeral keys, and the lists of their groups. */
  get ephemeral(): MemberGroups {
    return this.#rows.ephemeral;
  }

  get position(): Version {
    return { epoch: this.#epoch, seq: this.#seq };
  }

  /** Keys with a value, and those that were deleted lately. */
  get rowCount(): number {
    return this.#rows.count;
  }

  /** The value of a key at version `at`; the present one where that is no longer known, or of another history. */
  get(key: string, at?: Version): { readonly text: string | null; readonly seq: number } {
    this.#checkOpen();
    return this.#rows.get(key, this.#seqOf(at));
  }

  /** The list of a group; with `at` as {@link get}. */
  members(group: string, at?: Version): MemberList {
    this.#checkOpen();
    return this.ephemeral.list(group, this.#seqOf(at));
  }

  /** The rows of the first keys, as many as fit into one message and at least one; with `at` as {@link get}. */
  read(keys: readonly string[], at?: Version): Replies["read"] {
    this.#checkOpen();
    return { ...this.position, rows: this.#rows.read(keys, this.#seqOf(at)) };
  }

  /** A page of the signals with a value whose keys start with `prefix` and come after `after`, in the order of code units. */
  list({ prefix, after, withValues }: { prefix: string; after: string; withValues: boolean }): Replies["list"] {
    this.#checkOpen();
    return this.#rows.list(prefix, after, withValues);
  }

  since(epoch: string, seq: number): Replies["follow"] {
    this.#checkOpen();
    // A replica that is ahead has seen commits that a storage without durability has lost.
    const isKnown = epoch === this.#epoch && seq <= this.#seq;
    return { ...this.position, rows: isKnown ? this.#rows.since(seq) : null };
  }

  /**
   * Commits a batch, tells the listeners, then resolves. Batches that come while a commit is on the way are committed
   * together. One that this client sent before is not applied again.
   *
   * @throws {KawaError} BACKEND_UNAVAILABLE - the commit failed, or the store is closed; send the batch again, under the same number
   * @throws {KawaError} KEY_INVALID - a key is of the store itself
   * @throws {KawaError} RATE_LIMITED - the ephemeral group of the only write is full
   */
  write(batch: Batch): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      checkWrites(batch.writes, this.ephemeral);
      this.#waiting.push({ batch, resolve, reject });
      this.#commits ??= this.#commitWaiting();
    });
  }

  /** Calls `onDelta` after each commit, and `onClose` when this incarnation ends. */
  listen(onDelta: (delta: Delta) => void, onClose: () => void): () => void {
    return this.#listeners.add(onDelta, onClose);
  }

  /**
   * After this the store serves nothing: the context of an actor that sleeps accepts writes and loses them silently. Resolves when
   * the commit on the way has ended and the handle is closed.
   */
  close(): Promise<void> {
    if (this.#closed) return this.#closed;
    this.#state = "ended";
    this.#closed = this.#closeHandle();
    for (const { reject } of this.#waiting.splice(0)) reject(closedError());
    this.#listeners.close();
    return this.#closed;
  }

  async #closeHandle(): Promise<void> {
    await Promise.all([this.#purge.stop(), this.#commits]);
    await this.#handle.close().catch((error) => console.error("[kawa] A store handle could not be closed:", error));
  }

  async #commitWaiting(): Promise<void> {
    // Later in this turn: batches of one turn are committed together.
    await undefined;
    while (this.#waiting.length > 0) await this.#commitGroup();
    this.#commits = undefined;
  }

  async #commitGroup(): Promise<void> {
    if (this.#state === "in doubt") {
      const error = await this.#resolveDoubt();
      if (error) return this.#reject(this.#waiting.splice(0), error);
    }
    const to = this.#seq + 1;
    const group = new BatchGroup(to, { rows: this.#rows, clients: this.#clients, ephemeral: this.ephemeral });
    const outcomes: Outcome[] = [];
    while (outcomes.length < this.#waiting.length && !group.isFull)
      outcomes.push(group.add(this.#waiting[outcomes.length]!.batch));
    const taken = this.#waiting.splice(0, outcomes.length);
    const { rows, lives, clients } = group;
    const purgedSeq = this.#purge.dueSeq;
    // Another incarnation may have taken over and written what a clear did not find: only a commit reveals that.
    if (rows.length > 0 || group.hasEmptyClear || purgedSeq !== undefined) {
      try {
        await this.#handle.commit(toCommit(group, { epoch: this.#epoch, purgedSeq, seq: to }));
      } catch (error) {
        const refusal = refusedByDisk(error);
        if (refusal) return taken.forEach(({ reject }) => reject(refusal));
        if (this.#state === "serving") this.#state = "in doubt";
        await this.#resolveDoubt();
        return this.#reject(taken, error);
      }
      this.#rows.purgeUpTo(purgedSeq ?? 0);
      this.#advance(rows, lives, to);
      this.#purge.afterCommit(purgedSeq, to);
    }
    for (const [client, record] of clients) this.#clients.set(client, record);
    for (const [index, { batch, resolve }] of taken.entries()) {
      const outcome = outcomes[index]!;
      resolve({ ...this.position, conflicts: outcome.conflicts, rows: group.rowsFor(batch, outcome) });
    }
  }

  /** A commit that failed may be stored all the same: reads that from the storage. Returns the error when that fails too. */
  async #resolveDoubt(): Promise<unknown> {
    try {
      const { seq, purgedSeq, rows, lives, clients } = await loadHistory(this.#handle, this.#seq);
      // The next incarnation goes on with what is left.
      if (seq < this.#seq) throw new KawaError("BACKEND_CLOSED", `The storage has lost commit ${this.#seq}.`);
      mergeClients(this.#clients, clients);
      this.#rows.purgeUpTo(purgedSeq);
      const missed = rows.filter((row) => row[2] > this.#seq);
      if (seq > this.#seq) this.#advance(missed, lives, seq);
      if (this.#state === "in doubt") this.#state = "serving";
      return undefined;
    } catch (error) {
      this.#endIfReplaced(error);
      return error;
    }
  }

  #advance(rows: readonly Row[], lives: Lives, to: number): void {
    const lists = this.#rows.apply(rows, to, lives);
    const delta: Delta = { epoch: this.#epoch, from: this.#seq, to, rows, ...(lists.length > 0 ? { lists } : {}) };
    this.#seq = to;
    this.#listeners.tell(delta);
  }

  #reject(batches: readonly Waiting[], cause: unknown): void {
    const message = "The actor could not store the batch; it may be sent again.";
    const error = new KawaError("BACKEND_UNAVAILABLE", message, { cause });
    for (const { reject } of batches) reject(error);
    this.#endIfReplaced(cause);
  }

  #endIfReplaced(error: unknown): void {
    if (isKawaError(error, "BACKEND_CLOSED")) void this.close();
  }

  #seqOf(at: Version | undefined): number | undefined {
    return at?.epoch === this.#epoch ? at.seq : undefined;
  }

  #checkOpen(): void {
    if (this.#state === "ended") throw closedError();
  }
}

function closedError(): KawaError {
  return new KawaError("BACKEND_UNAVAILABLE", "The actor has gone to sleep; ask again to wake it.");
}
