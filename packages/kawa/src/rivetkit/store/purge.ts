import { setImmediate as nextTurn } from "node:timers/promises";
import { type ClientRecord, isForgotten } from "./client-record.ts";
import type { SignalRows } from "./signal-rows.ts";
import type { StoreHandle } from "../storage/storage.ts";
import { clientKey, maxDeletedKeys } from "./stored-history.ts";

/** How many rows are removed from the storage at a time: other work goes on in between. */
const batchCount = 500;
const clientsIntervalMs = 60 * 60 * 1000;

export type PurgeOptions = {
  readonly handle: StoreHandle;
  readonly rows: SignalRows;
  readonly clients: Map<string, ClientRecord>;
  /** Called when a purge is due and no commit is on the way: asks for one. Where it fails, any later commit will do. */
  readonly onDue: () => void;
  readonly onError: (error: unknown) => void;
  /** How many deletions are kept; twice as many start a purge. @default {@link maxDeletedKeys} */
  readonly maxCount?: number | undefined;
};

/**
 * Forgets, while the actor runs, the keys that were deleted first and the clients that are silent, in memory and in the storage. A
 * commit says first up to where deletions are forgotten; a key that was written after it stays.
 */
export class Purge {
  readonly #options: PurgeOptions;
  readonly #maxCount: number;
  #clientsCheckedAt = Date.now();
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: PurgeOptions) {
    this.#options = options;
    this.#maxCount = options.maxCount ?? maxDeletedKeys;
  }

  /** Up to where the next commit has to say that deletions are forgotten; undefined when there is nothing to do. */
  get dueFloor(): number | undefined {
    const { rows } = this.#options;
    if (this.#running || rows.deletedCount <= 2 * this.#maxCount) return undefined;
    return rows.oldestDeleted(rows.deletedCount - this.#maxCount).seq;
  }

  /** Has to be called after each commit: `floor` is what it has said, `seq` its number. */
  afterCommit(floor: number | undefined, seq: number): void {
    const isTimeForClients = Date.now() - this.#clientsCheckedAt > clientsIntervalMs;
    if (this.#running || this.#isStopped || (floor === undefined && !isTimeForClients)) return;
    this.#running = this.#run(floor, isTimeForClients ? seq : undefined).then(
      () => {
        this.#running = undefined;
        if (this.dueFloor !== undefined && !this.#isStopped) this.#options.onDue();
      },
      (error: unknown) => {
        this.#running = undefined;
        this.#options.onError(error);
        // A later purge removes what could not be removed now.
        if (!this.#isStopped) console.error("[kawa] Deleted keys could not be removed from the storage:", error);
      },
    );
  }

  /** Resolves when the storage is no longer used. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(floor: number | undefined, clientsSeq: number | undefined): Promise<void> {
    if (clientsSeq !== undefined) await this.#forgetClients(clientsSeq);
    if (floor !== undefined) await this.#forgetDeleted(floor);
  }

  async #forgetDeleted(floor: number): Promise<void> {
    const { rows, handle } = this.#options;
    while (!this.#isStopped) {
      // Some keys may have been written again meanwhile.
      const excess = Math.max(0, rows.deletedCount - this.#maxCount);
      const { keys, seq } = rows.oldestDeleted(Math.min(batchCount, excess));
      if (keys.length === 0 || seq > floor) return;
      await handle.remove(keys, floor);
      rows.forgetDeleted(keys, floor);
      await nextTurn();
    }
  }

  async #forgetClients(seq: number): Promise<void> {
    const { clients, handle } = this.#options;
    this.#clientsCheckedAt = Date.now();
    const silent = [...clients].filter(([, record]) => isForgotten(record)).map(([client]) => client);
    if (silent.length === 0) return;
    for (const client of silent) clients.delete(client);
    await handle.remove(silent.map(clientKey), seq);
  }
}
