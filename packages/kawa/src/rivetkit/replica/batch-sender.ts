import { randomUUID } from "node:crypto";
import { KawaError } from "../../core/errors/errors.ts";
import type { ActorLink } from "./actor-link.ts";
import { type Asking, by } from "./asking.ts";
import type { Connection } from "./connection.ts";
import type { Declarations } from "./declarations.ts";
import { isFinal } from "./final-errors.ts";
import type { Replies, Requests } from "../wire/protocol.ts";

export type Asked = Asking & { readonly deadline: number };
export type SentBatch = Pick<Requests["write"], "writes" | "isWhole" | "checks" | "losses">;

/** Sends batches that go side by side, each under a number that it keeps until it is answered or given up. */
export class BatchSender {
  /** Names this sender to the actor, which applies each of its batches once. */
  readonly client: string = randomUUID();
  readonly #link: ActorLink;
  readonly #declarations: Declarations | undefined;
  #nextNumber = 1;
  /** Numbers of the batches on the way, lowest first, and of clears that are not complete yet. */
  readonly #sent = new Set<number>();
  /** Numbers of batches whose writers wait no longer. A slow hook may still let them pass. */
  readonly #revoked = new Set<number>();

  constructor(link: ActorLink, declarations: Declarations | undefined) {
    this.#link = link;
    this.#declarations = declarations;
  }

  /** True when nothing that was given up may still arrive. */
  get isSettled(): boolean {
    return this.#revoked.size === 0;
  }

  /** A number that counts as on the way until it is released. */
  hold(): number {
    const number = this.#nextNumber++;
    this.#sent.add(number);
    return number;
  }

  release(number: number): void {
    this.#sent.delete(number);
  }

  /** The actor is told that no lower number comes again. */
  settledBefore(number: number): number {
    const [settled = number] = this.#sent;
    return settled;
  }

  /** @param held number that was taken before, and is released by who took it */
  async send(batch: SentBatch, asked: Asked, held?: number): Promise<Replies["write"]> {
    const { replica } = this.#link;
    const { client } = this;
    const number = held ?? this.hold();
    const written = batch.writes.flatMap((write) => ("text" in write || "changes" in write ? [write.key] : []));
    const stopExpecting = replica.expect(replica.isGuarded ? [] : written);
    try {
      const reply = await this.#link.ask(asked.deadline, async (connection) => {
        await this.revokeOn(connection);
        const due = this.#declarations?.dueOf(batch.writes);
        if (due) await due;
        if (!this.#sent.has(number)) throw new KawaError("BACKEND_TIMEOUT", "The caller has given this write up.");
        if (batch.isWhole && !connection.takesChanges) throw tooOld();
        return connection.ask("write", { client, number, settled: this.settledBefore(number), ...batch, ...by(asked) });
      });
      // The connection may have ended after the commit: a writer sees its own write.
      if (!replica.hasReached(reply)) await this.#link.whenReached(reply, asked.deadline);
      // What a hook reads is asked of the actor, and reading again may wait for that hook.
      if (replica.isGuarded && !asked.from) await this.#link.whenReadAgain(reply.rows?.map(([key]) => key) ?? []);
      return reply;
    } catch (error) {
      if (!isFinal(error)) this.#giveUp(number);
      throw error;
    } finally {
      if (held === undefined) this.release(number);
      stopExpecting();
    }
  }

  /** A write that was given up must not come after a later one. */
  async revokeOn(connection: Connection): Promise<void> {
    const numbers = [...this.#revoked];
    if (numbers.length === 0) return;
    await connection.ask("revoke", { client: this.client, numbers });
    for (const number of numbers) this.#revoked.delete(number);
  }

  #giveUp(number: number): void {
    this.#sent.delete(number);
    this.#revoked.add(number);
  }
}

function tooOld(): KawaError {
  const message =
    "The actor runs in a server with an earlier version of Kawa, which makes no transactions. Update that server too.";
  return new KawaError("TRANSACTION_INVALID", message);
}
