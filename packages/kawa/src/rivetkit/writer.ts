import { randomUUID } from "node:crypto";
import { clip, isKawaError, KawaError } from "../core/errors.ts";
import type { ActorLink } from "./actor-link.ts";
import type { Connection } from "./connection.ts";
import type { Row } from "./protocol.ts";
import { type Batch, type QueuedWrite, WriteQueue } from "./write-queue.ts";

/** Brings writes to the actor: one batch is on the way at a time; what is written meanwhile makes up the next one. */
export class Writer {
  readonly #link: ActorLink;
  readonly #timeoutMs: number;
  /** Names this process to the actor, which applies each of its batches once. */
  readonly #client = randomUUID();
  readonly #queue = new WriteQueue();
  /** The batch on the way. It is sent again on the next connection, under the same number. */
  #unsettled: Batch | undefined;
  #isFlushing = false;

  constructor(link: ActorLink, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  write(key: string, change: QueuedWrite["change"]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.add({ key, change, resolve, reject, deadline: performance.now() + this.#timeoutMs });
      // Later in this turn: writes of one turn travel together.
      queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#unsettled || !this.#queue.isEmpty) {
      const connection = await this.#connection();
      if (!connection) continue;
      try {
        await this.#flushOnce(connection);
      } catch (error) {
        await this.#link.drop(connection, error);
      }
    }
    this.#isFlushing = false;
  }

  /** Undefined after giving up on the writes that need no longer wait. */
  async #connection(): Promise<Connection | undefined> {
    try {
      return await this.#link.whenConnected(this.#unsettled?.deadline ?? this.#queue.firstDeadline);
    } catch (error) {
      const isLate = isKawaError(error, "BACKEND_TIMEOUT");
      const now = isLate ? performance.now() : Number.POSITIVE_INFINITY;
      if (this.#unsettled && this.#unsettled.deadline <= now) {
        this.#queue.reject(this.#unsettled, isLate ? unconfirmed(this.#link.id, error) : error);
        this.#unsettled = undefined;
      }
      this.#queue.rejectUntil(now, error);
      return undefined;
    }
  }

  async #flushOnce(connection: Connection): Promise<void> {
    const { replica } = this.#link;
    if (!this.#unsettled) {
      const keys = this.#queue.keysToLoad().filter((key) => !replica.isKnown(key));
      if (keys.length > 0) await this.#link.read(connection, keys);
      this.#unsettled = this.#queue.take((key) => replica.cell(key).peek());
    }
    const batch = this.#unsettled;
    if (!batch) return;
    const writes = batch.folded.map(({ write }) => write);
    const reply = await connection.ask("write", { client: this.#client, number: batch.number, writes });
    // The connection may have ended after the commit: a writer sees its own write.
    if (!replica.hasReached(reply)) await this.#link.whenReached(reply, batch.deadline);
    // What is not loaded here was in no delta for us. After a retry, later batches may have come in between.
    if (reply.epoch === replica.version.epoch && reply.seq === replica.version.seq) {
      const conflicts = new Set(reply.conflicts);
      const unknown = writes.filter(({ key }) => !conflicts.has(key) && !replica.isKnown(key));
      replica.learn(unknown.map(({ key, text }): Row => [key, text, reply.seq]));
    }
    this.#unsettled = undefined;
    this.#queue.settle(batch, reply, performance.now());
  }
}

function unconfirmed(id: string, { cause }: KawaError): KawaError {
  return new KawaError(
    "BACKEND_TIMEOUT",
    `A write was sent to "${clip(id)}" and not confirmed in time. It may or may not have been applied.`,
    { cause },
  );
}
