import { randomUUID } from "node:crypto";
import { isKawaError } from "../../core/errors/errors.ts";
import { maxValueBytes as defaultMaxValueBytes } from "../../core/value/value.ts";
import { type Batch, BatchGroup } from "./batch-group.ts";
import { checkWrites } from "./check-writes.ts";
import { type ClientRecord, mergeClients } from "./client-record.ts";
import { entryText } from "./collection-keys.ts";
import { IndexBuilds } from "./index-builds.ts";
import { OpenQueries } from "./open-queries.ts";
import type { LocalRun } from "./local-transactions.ts";
import type { Row } from "../wire/protocol.ts";
import { Purge } from "./purge.ts";
import { closedError, notStored, refusedByDisk, reportMistake } from "./disk-refusal.ts";
import { SignalRows } from "./signal-rows.ts";
import { ShardGate } from "./shard-gate.ts";
import type { StoreHandle } from "../storage/storage.ts";
import { type Collected, StoredCollections } from "./stored-collections.ts";
import { StoreTasks } from "./store-tasks.ts";
import { otherRows, StoreState } from "./store-state.ts";
import { WaitingBatches } from "./waiting-batches.ts";
import type { SignalStoreOptions, Written } from "./written.ts";
import { loadMissed, openHistory, toCommit } from "./stored-history.ts";

export type { SignalStoreOptions, Written };

const nothing = { rows: [], lives: new Map(), clients: new Map() };

/**
 * The actor's map, and its only writer. Reads are answered from memory, a write when the handle's `commit` has made it durable.
 *
 *     serving ── a commit failed ─▶ in doubt ── the storage says whether it has it ─▶ serving      both ── close, replaced ─▶ ended
 */
export class SignalStore extends StoreState {
  /** Names this incarnation of the actor. */
  readonly instance: string = randomUUID();
  readonly gate: ShardGate;
  readonly #handle: StoreHandle;
  readonly #maxValueBytes: number;
  readonly #clients = new Map<string, ClientRecord>();
  readonly #waiting: WaitingBatches;
  readonly #tasks: StoreTasks;
  readonly #builds: IndexBuilds;
  readonly #purge: Purge;
  /** Runs while batches are waiting: it commits one group after the other. */
  #commits: Promise<void> | undefined;
  #state: "serving" | "in doubt" | "ended" = "serving";
  /** The commit that failed, as far as it would not be read from the storage. */
  #doubtful: { readonly to: number; readonly rows: readonly Row[]; readonly moves: Collected["moves"] } | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    handle: StoreHandle,
    { maxDeletedKeys, shards = 1, maxValueBytes = defaultMaxValueBytes }: SignalStoreOptions,
  ) {
    const collections = new StoredCollections(handle.cold);
    const tasks = new StoreTasks(() => {
      this.checkOpen();
      this.#commits ??= this.#commitWaiting();
    });
    const queries = new OpenQueries(collections, tasks);
    super({ rows: new SignalRows(otherRows(collections, queries)), collections, queries });
    this.#tasks = tasks;
    this.#builds = new IndexBuilds({
      collections,
      tasks,
      commitEntries: (keys) => this.#commitEntries(keys),
      write: async (write) => void (await this.write({ number: 0, settled: 0, writes: [write] })),
      isOver: () => this.#state === "ended" || this.gate.state === "moved",
    });
    this.#handle = handle;
    this.#maxValueBytes = maxValueBytes;
    this.gate = new ShardGate(shards);
    const checked = { rows: this.rows, collections };
    this.#waiting = new WaitingBatches(this.gate, this.#clients, (batch) => checkWrites(batch, checked));
    this.#purge = new Purge({
      handle,
      rows: this.rows,
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
      store.restore(rows, { epoch, seq });
      store.rows.restore(rows, { lives, seq, purgedSeq });
      store.gate.note(rows);
      for (const [client, record] of clients) store.#clients.set(client, record);
      store.#builds.start();
      return store;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  /**
   * Commits a batch, tells the listeners, then resolves. Batches that come meanwhile share a commit. One sent before is not applied again.
   *
   * @throws {KawaError} BACKEND_UNAVAILABLE - the commit failed, or the store is closed; send the batch again, under the same number
   * @throws {KawaError} KEY_INVALID - a key is of the store itself
   * @throws {KawaError} RATE_LIMITED - the ephemeral group of the only write is full
   */
  write(batch: Batch): Promise<Written> {
    return this.#enter(() => this.#waiting.add(batch));
  }

  /** Runs a transaction of this process inside of a group commit. @throws as {@link write}, and `SetAside` of `local-transactions` */
  transact(run: LocalRun): Promise<Written> {
    return this.#enter(() => this.#waiting.addLocal(run));
  }

  #enter(add: () => Promise<Written>): Promise<Written> {
    try {
      this.checkOpen();
      return add();
    } catch (error) {
      return Promise.reject(error as Error);
    } finally {
      if (!this.#waiting.isEmpty) this.#commits ??= this.#commitWaiting();
    }
  }

  /**
   * After this the store serves nothing: the context of an actor that sleeps accepts writes and loses them silently. Resolves when
   * the commit on the way has ended and the handle is closed.
   */
  close(): Promise<void> {
    if (this.#closed) return this.#closed;
    this.#state = "ended";
    this.#closed = this.#closeHandle();
    for (const all of [this.#waiting, this.#tasks]) all.reject(closedError());
    this.listeners.close();
    return this.#closed;
  }

  async #closeHandle(): Promise<void> {
    await Promise.all([this.#purge.stop(), this.#commits]);
    await this.#handle.close().catch((error) => console.error("[kawa] A store handle could not be closed:", error));
  }

  async #commitWaiting(): Promise<void> {
    // Later in this turn: batches of one turn are committed together.
    await undefined;
    while (!this.#waiting.isEmpty || this.#tasks.areDue) {
      try {
        this.collections.isCommitting = true;
        if (!this.#waiting.isEmpty) await this.#commitGroup();
        this.collections.endCommit();
        if (this.#tasks.areDue) await this.#runTasks();
      } catch (error) {
        this.#endIfReplaced(reportMistake(error));
      }
    }
    this.#commits = undefined;
  }

  async #runTasks(): Promise<void> {
    const error = this.#state === "in doubt" ? await this.#resolveDoubt() : undefined;
    if (error === undefined) await this.#tasks.run();
    else this.#tasks.reject(notStored(error));
    // A commit says so: whoever shows one of them has to ask again.
    if (this.queries.hasClosed && error === undefined) await this.#commitEntries([]).catch(() => {});
  }

  async #commitGroup(): Promise<void> {
    if (this.#state === "in doubt") {
      const error = await this.#resolveDoubt();
      if (error) return this.#waiting.reject(notStored(error));
    }
    const failure = this.collections.isUsed && (await this.collections.fetchNeeded(this.#waiting.batches));
    if (failure) return this.#waiting.reject(notStored(failure));
    const to = this.at.seq + 1;
    const group = new BatchGroup(to, { rows: this.rows, clients: this.#clients, maxValueBytes: this.#maxValueBytes });
    const taken = await this.#waiting.takeInto(group, this.collections);
    const { rows, lives, clients } = group;
    const purgedSeq = this.#purge.dueSeq;
    // Another incarnation may have taken over and written what a clear did not find: only a commit reveals that.
    if (rows.length > 0 || group.hasEmptyClear || purgedSeq !== undefined) {
      const { hot, stored, moves } = this.collections.collect(rows, to);
      try {
        const signals = toCommit({ rows: hot, lives, clients }, { epoch: this.at.epoch, purgedSeq, seq: to });
        await this.#handle.commit(stored.length > 0 ? [...signals, ...stored] : signals);
      } catch (error) {
        const refusal = refusedByDisk(error);
        if (refusal) return taken.forEach(({ reject }) => reject(refusal));
        this.#doubtful = { to, rows: rows.filter(([key]) => this.collections.isRow(key)), moves };
        if (this.#state === "serving") this.#state = "in doubt";
        await this.#resolveDoubt();
        for (const { reject } of taken) reject(notStored(error));
        return this.#endIfReplaced(error);
      }
      this.rows.purgeUpTo(purgedSeq ?? 0);
      const advanced = this.advance({ rows, lives, moves }, to);
      if (advanced) await advanced;
      this.#purge.afterCommit(purgedSeq, to);
    }
    for (const [client, record] of clients) this.#clients.set(client, record);
    for (const { batch, outcome, resolve } of taken) resolve({ ...this.position, ...group.answerTo(batch, outcome) });
  }

  /** A commit that failed may be stored all the same: reads that from the storage. Returns the error when that fails too. */
  async #resolveDoubt(): Promise<unknown> {
    try {
      const { seq, purgedSeq, rows, lives, clients } = await loadMissed(this.#handle, this.at.seq);
      mergeClients(this.#clients, clients);
      this.rows.purgeUpTo(purgedSeq);
      const { rows: others, moves } = this.#doubtful?.to === seq ? this.#doubtful : { rows: [], moves: [] };
      this.#doubtful = undefined;
      if (seq > this.at.seq) await this.advance({ rows: [...rows, ...others], lives, moves }, seq);
      if (this.#state === "in doubt") this.#state = "serving";
      return undefined;
    } catch (error) {
      this.#endIfReplaced(error);
      return error;
    }
  }

  /** Gives an index entries of rows that are there already. */
  async #commitEntries(keys: readonly string[]): Promise<void> {
    const to = this.at.seq + 1;
    const marks = toCommit(nothing, { epoch: this.at.epoch, purgedSeq: undefined, seq: to });
    try {
      await this.#handle.commit([...marks, ...keys.map((key) => ({ key, text: entryText(key), seq: to }))]);
    } catch (error) {
      if (this.#state === "serving") this.#state = "in doubt";
      this.#endIfReplaced(error);
      throw error;
    }
    void this.advance({ ...nothing, moves: [] }, to);
  }

  protected override onCommitted(rows: readonly Row[]): void {
    const hasMoved = this.gate.note(rows);
    if (this.collections.indexes.apply(rows) || hasMoved) this.#builds.start();
  }

  #endIfReplaced(error: unknown): void {
    if (isKawaError(error, "BACKEND_CLOSED")) void this.close();
  }

  protected override checkOpen(): void {
    if (this.#state === "ended") throw closedError();
  }
}
