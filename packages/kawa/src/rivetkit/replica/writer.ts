import { randomUUID } from "node:crypto";
import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import type { ActorLink } from "./actor-link.ts";
import { isFinal } from "./final-errors.ts";
import type { Connection } from "./connection.ts";
import type { Declarations } from "./declarations.ts";
import { HookedWriter } from "./hooked-writer.ts";
import type { KeyChange, QueuedWrite } from "./queued-write.ts";
import { type Batch, WriteQueue } from "./write-queue.ts";

export type WriterOptions = {
  readonly link: ActorLink;
  /** @default there are no collections */
  readonly declarations?: Declarations | undefined;
  readonly timeoutMs: number;
  /** Largest encoded value, in bytes. */
  readonly maxValueBytes?: number | undefined;
};

/** A batch on the way. It is sent again on the next connection, under the same number. */
type OnTheWay = {
  readonly batch: Batch;
  /** Revoked: the actor was asked not to apply it, so it must not be sent again. */
  state: "sent" | "revoked";
  /** Ends the following of its keys. */
  readonly stopExpecting: () => void;
};

/**
 * Brings writes to the actor: one batch is on the way at a time; what is written meanwhile makes up the next one. Where hooks
 * ask who acts, each write goes its own way instead.
 *
 *     none ── taken ─▶ sent ── reply, refusal, deadline ─▶ none
 *                       └── hooks have come ─▶ revoked ── applied, put back, deadline ─▶ none
 *
 * Where the connection ends, the next one does the same again.
 */
export class Writer {
  readonly #link: ActorLink;
  readonly #timeoutMs: number;
  /** Names this process to the actor, which applies each of its batches once. */
  readonly #client = randomUUID();
  readonly #declarations: Declarations | undefined;
  readonly #queue: WriteQueue;
  readonly #hooked: HookedWriter;
  #onTheWay: OnTheWay | undefined;
  #isFlushing = false;

  constructor({ link, declarations, timeoutMs, maxValueBytes }: WriterOptions) {
    this.#link = link;
    this.#declarations = declarations;
    this.#timeoutMs = timeoutMs;
    this.#queue = new WriteQueue(maxValueBytes);
    this.#hooked = new HookedWriter({ link, declarations, maxValueBytes });
  }

  write(change: KeyChange, by: Pick<QueuedWrite, "context" | "origin" | "from">): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.add({ change, ...by, resolve, reject, deadline: performance.now() + this.#timeoutMs });
      // Later in this turn: writes of one turn travel together.
      queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#onTheWay || !this.#queue.isEmpty) {
      // A writer that does not wait, such as an effect, must not hold up the event loop either.
      const pause = pauseIfDue();
      if (pause) await pause;
      let connection = await this.#connection();
      if (connection && !connection.isLocal && !this.#onTheWay && !pause) {
        // Whoever goes on after a reply writes in the same turn, one after the other: a batch of each would be a message of each.
        await new Promise((resolve) => setImmediate(resolve));
        connection = await this.#connection();
      }
      if (!connection) continue;
      try {
        const { reads, writes, lists } = connection.hooked;
        // Where lists alone are hooked, a browser means the number of what it is shown.
        const isHooked = reads || writes || lists;
        if (!connection.takesChanges) this.#queue.turnIntoUpdates();
        const isUnknown =
          !connection.takesChanges && this.#onTheWay?.batch.folded.some(({ write }) => "changes" in write);
        const mustRevoke = isHooked || isUnknown || this.#onTheWay?.state === "revoked";
        const revoked = mustRevoke ? this.#onTheWay : undefined;
        if (revoked) await this.#revoke(revoked, connection);
        else if (isHooked) this.#handOver();
        else await this.#flushOnce(connection);
      } catch (error) {
        if (isFinal(error)) this.#refuse(error);
        else await this.#link.drop(connection, error);
      }
    }
    this.#isFlushing = false;
  }

  /** True while nothing waits or is on the way. */
  get isIdle(): boolean {
    return !this.#isFlushing && !this.#onTheWay && this.#queue.isEmpty && this.#hooked.isSettled;
  }

  #handOver(): void {
    for (const queued of this.#queue.takeAll()) this.#hooked.write(queued);
  }

  /** A batch that was on the way when the hooks came: unless it was applied, its writes have to pass them. */
  async #revoke(onTheWay: OnTheWay, connection: Connection): Promise<void> {
    onTheWay.state = "revoked";
    const { batch } = onTheWay;
    const { applied, ...version } = await connection.ask("revoke", { client: this.#client, numbers: [batch.number] });
    await this.#link.whenReached(version, batch.deadline);
    this.#end();
    const [outcome] = applied;
    if (outcome) this.#queue.settle(batch, { conflicts: outcome[1], results: outcome[2] }, performance.now());
    else this.#queue.putBack(batch);
  }

  #refuse(error: unknown): void {
    if (!this.#onTheWay) return;
    this.#queue.reject(this.#onTheWay.batch, error);
    this.#end();
  }

  #end(): void {
    this.#onTheWay?.stopExpecting();
    this.#onTheWay = undefined;
  }

  /** Undefined after giving up on the writes that need no longer wait. */
  async #connection(): Promise<Connection | undefined> {
    try {
      return await this.#link.whenConnected(this.#onTheWay?.batch.deadline ?? this.#queue.firstDeadline);
    } catch (error) {
      const isLate = isKawaError(error, "BACKEND_TIMEOUT");
      const now = isLate ? performance.now() : Number.POSITIVE_INFINITY;
      if (this.#onTheWay && this.#onTheWay.batch.deadline <= now) {
        this.#refuse(isLate || isKawaError(error, "DISK_FAILED") ? unconfirmed(this.#link.id, error) : error);
      }
      this.#queue.rejectUntil(now, error);
      return undefined;
    }
  }

  async #flushOnce(connection: Connection): Promise<void> {
    const { replica } = this.#link;
    // Hooks that are no longer there: what they were asked comes first, or not at all.
    if (!this.#hooked.isSettled) await this.#hooked.settle(connection);
    if (!this.#onTheWay) {
      const keys = this.#queue.keysToLoad().filter((key) => !replica.isKnown(key));
      if (keys.length > 0) await this.#link.read(connection, keys);
      const taken = this.#queue.take((key) => replica.cell(key).peek());
      if (!taken) return;
      // The delta brings what is not loaded here. Our own text would be wrong if another writer was in the same commit or later.
      const written = taken.folded.flatMap(({ write }) => ("text" in write || "changes" in write ? [write.key] : []));
      this.#onTheWay = { batch: taken, state: "sent", stopExpecting: replica.expect(written) };
    }
    const { batch } = this.#onTheWay;
    const writes = batch.folded.map(({ write }) => write);
    const due = this.#declarations?.dueOf(writes);
    if (due) await due;
    const reply = await connection.ask("write", {
      client: this.#client,
      number: batch.number,
      settled: batch.number,
      writes,
      ...(batch.losses > 0 ? { losses: batch.losses } : {}),
    });
    // The connection may have ended after the commit: a writer sees its own write.
    if (!replica.hasReached(reply)) await this.#link.whenReached(reply, batch.deadline);
    this.#end();
    this.#queue.settle(batch, reply, performance.now());
  }
}

function unconfirmed(id: string, { code, cause, data, message: reason }: KawaError): KawaError {
  const hint = data["isGone"] === true ? ` ${reason.replace(` (${code})`, "")}` : "";
  const end = code === "DISK_FAILED" ? `before the disk stopped taking writes (${String(data["code"])})` : "in time";
  const message = `A write was sent to "${clip(id)}" and not confirmed ${end}. It may or may not have been applied.${hint}`;
  return new KawaError(code, message, { cause, data });
}
