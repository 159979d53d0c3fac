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
 * commit says first up to where deletions are purged; a key that was written after it stays.
 *
 *     idle ── a commit says so, or it is time for clients ─▶ running ── done, failed ─▶ idle        idle, running ── stop ─▶ stopped
 */
export class Purge {
  readonly #options: PurgeOptions;
  readonly #maxCount: number;
  #clientsCheckedAt = Date.now();
  #state: "idle" | "running" | "stopped" = "idle";
  #lastRun: Promise<void> | undefined;

  constructor(options: PurgeOptions) {
    this.#options = options;
    this.#maxCount = options.maxCount ?? maxDeletedKeys;
  }

  /** Up to which commit the next one has to say that deletions are purged; undefined when there is nothing to do. */
  get dueSeq(): number | undefined {
    const { rows } = this.#options;
    if (this.#state !== "idle" || rows.deletedCount <= 2 * this.#maxCount) return undefined;
    return rows.oldestDeleted(rows.deletedCount - this.#maxCount).seq;
  }

  /** Has to be called after each commit: `purgedSeq` is what it has said, `seq` its number. */
  afterCommit(purgedSeq: number | undefined, seq: number): void {
    const isTimeForClients = Date.now() - this.#clientsCheckedAt > clientsIntervalMs;
    if (this.#state !== "idle" || (purgedSeq === undefined && !isTimeForClients)) return;
    this.#state = "running";
    this.#lastRun = this.#run(purgedSeq, isTimeForClients ? seq : undefined).then(
      () => {
        this.#end();
        if (this.dueSeq !== undefined) this.#options.onDue();
      },
      (error: unknown) => {
        this.#end();
        this.#options.onError(error);
        // A later purge removes what could not be removed now.
        if (this.#state === "idle") console.error("[kawa] Deleted keys could not be removed from the storage:", error);
      },
    );
  }

  /** Resolves when the storage is no longer used. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await this.#lastRun;
  }

  #end(): void {
    if (this.#state === "running") this.#state = "idle";
  }

  async #run(purgedSeq: number | undefined, clientsSeq: number | undefined): Promise<void> {
    if (clientsSeq !== undefined) await this.#forgetClients(clientsSeq);
    if (purgedSeq !== undefined) await this.#forgetDeleted(purgedSeq);
  }

  async #forgetDeleted(purgedSeq: number): Promise<void> {
    const { rows, handle } = this.#options;
    while (this.#state === "running") {
      // Some keys may have been written again meanwhile.
      const excess = Math.max(0, rows.deletedCount - this.#maxCount);
      const { keys, seq } = rows.oldestDeleted(Math.min(batchCount, excess));
      if (keys.length === 0 || seq > purgedSeq) return;
      await handle.remove(keys, purgedSeq);
      rows.forgetDeleted(keys, purgedSeq);
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
