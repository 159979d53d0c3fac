import { randomUUID } from "node:crypto";
import type { Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { changedError, expectedSeq } from "../../core/backend/expected.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { ActorLink } from "./actor-link.ts";
import { isFinal } from "./final-errors.ts";
import type { Connection } from "./connection.ts";
import type { FromHook } from "../hooks/hook-chain.ts";
import { type Asking, by } from "./asking.ts";
import { isGuardedFor, noSeq, type Replies, type Write } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import type { KeyChange, QueuedWrite } from "./queued-write.ts";
import { WriteOrder } from "./write-order.ts";
import { conflictError } from "./write-queue.ts";

type Change<Kind extends string> = Extract<KeyChange, Record<Kind, unknown>>;
type Asked = Asking & { readonly deadline: number };
type Base = { readonly entry: Entry; readonly expect: number };

/**
 * Brings writes to an actor whose hooks ask who acts: each in the name of its caller, and as soon as it is made. Writes of one key keep
 * their order; what a hook writes has an order of its own.
 */
export class HookedWriter {
  readonly #link: ActorLink;
  readonly #maxValueBytes: number | undefined;
  readonly #client = randomUUID();
  readonly #order = new WriteOrder();
  /** What a hook writes must not wait for a write that waits for the hook. */
  readonly #orderOfHooks = new WeakMap<FromHook["run"], WriteOrder>();
  readonly #pending = new Set<Promise<void>>();
  #nextNumber = 1;
  /** Numbers of the batches on the way, lowest first, and of clears that are not complete yet. */
  readonly #sent = new Set<number>();
  /** Numbers of batches whose writers wait no longer. A slow hook may still let them pass. */
  readonly #revoked = new Set<number>();

  constructor(options: { readonly link: ActorLink; readonly maxValueBytes: number | undefined }) {
    this.#link = options.link;
    this.#maxValueBytes = options.maxValueBytes;
  }

  write(queued: QueuedWrite): void {
    const { change, from } = queued;
    const order = from ? this.#orderOf(from.run) : this.#order;
    const work =
      "clear" in change ? this.#clear(order, change.clear, queued) : order.add(change.key, () => this.#perform(queued));
    const done = work.then(queued.resolve, queued.reject).then(() => void this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** True when nothing is on the way, and nothing that was given up may still arrive. */
  get isSettled(): boolean {
    return this.#pending.size === 0 && this.#revoked.size === 0;
  }

  /** Resolves when all writes up to now are done, and those that were given up cannot come any more. */
  async settle(connection: Connection): Promise<void> {
    await Promise.all(this.#pending);
    await this.#revokeOn(connection);
  }

  #orderOf(run: FromHook["run"]): WriteOrder {
    let order = this.#orderOfHooks.get(run);
    if (!order) this.#orderOfHooks.set(run, (order = new WriteOrder()));
    return order;
  }

  async #clear(order: WriteOrder, clear: string, queued: QueuedWrite): Promise<void> {
    const number = this.#nextNumber++;
    this.#sent.add(number);
    try {
      await order.clear(clear, {
        first: async (except) =>
          this.#send(except.length === 0 ? { clear } : { clear, except }, await askedBy(queued), number),
        rest: async (only) => this.#send({ clear, only, partOf: number }, await askedBy(queued)),
      });
    } finally {
      this.#sent.delete(number);
    }
  }

  async #perform(queued: QueuedWrite): Promise<unknown> {
    const pause = pauseIfDue();
    if (pause) await pause;
    const { change } = queued;
    const asked = await askedBy(queued);
    if ("updater" in change) return this.#update(change, asked);
    if ("text" in change && change.expect !== undefined) return this.#writeExpecting(change, change.expect, asked);
    const { conflicts } = await this.#send(change, asked);
    if ("isRenewal" in change) return conflicts.length === 0;
    return undefined;
  }

  /** @throws {KawaError} UPDATE_CONFLICT - the value is not the expected one */
  async #writeExpecting(change: Change<"text">, expect: number, asked: Asked): Promise<void> {
    for (;;) {
      const write = await this.#expecting(change, expect, asked);
      const { conflicts } = await this.#send(write, asked);
      if (conflicts.length === 0) return;
      // The actor may have forgotten the deletion meanwhile: then an absent value has another number.
      const isStillNothing = expect === 0 && write.expect !== noSeq && write !== change;
      if (!isStillNothing || performance.now() >= asked.deadline) throw changedError(change.key);
    }
  }

  /** Translates `expect` where values are guarded: the caller knows the number of what it was shown, not of what is stored. */
  async #expecting(change: Change<"text">, expect: number, asked: Asked): Promise<Change<"text">> {
    const base = await this.#link.ask(asked.deadline, async (connection) => {
      return isGuardedFor(connection.hooked, asked.origin) ? this.#shownBase(connection, change.key, asked) : undefined;
    });
    if (!base) return change;
    // A write that must fail is sent too: a caller that may not write at all has to hear that.
    return { ...change, expect: expectedSeq(base.entry) === expect ? base.expect : noSeq };
  }

  async #update({ key, updater, ttlMs }: Change<"updater">, asked: Asked): Promise<unknown> {
    for (;;) {
      const { entry, expect } = await this.#base(key, asked);
      const text = encodeValue(key, updater(entry), this.#maxValueBytes);
      const { conflicts, rows = [] } = await this.#send({ key, text, expect, ttlMs }, asked);
      if (conflicts.length === 0) {
        const written = rows.find((row) => row[0] === key)?.[1];
        return decodeValue(written ?? text);
      }
      if (performance.now() >= asked.deadline) throw conflictError(key);
    }
  }

  /** What an update starts from: the value as its writer may see it. */
  async #base(key: string, asked: Asked): Promise<Base> {
    return this.#link.ask(asked.deadline, async (connection) => {
      if (isGuardedFor(connection.hooked, asked.origin)) return this.#shownBase(connection, key, asked);
      const { replica } = this.#link;
      if (!replica.isKnown(key)) await this.#link.read(connection, [key]);
      const entry = replica.cell(key).peek();
      return { entry, expect: expectedSeq(entry) };
    });
  }

  async #shownBase(connection: Connection, key: string, asked: Asked): Promise<Base> {
    const { rows, refused = [] } = await connection.ask("read", { keys: [key], ...by(asked) });
    for (const [, error] of refused) throw fromReplyError(error);
    const [, text, seq] = rows[0]!;
    // A value that came while the hook was asked has the number from before it. 0 would stand for no value.
    const expect = text !== null && seq === 0 ? noSeq : seq;
    return { entry: createEntry(seq, text), expect };
  }

  /** @param held number of a clear, which is settled with its rest */
  async #send(write: Write, asked: Asked, held?: number): Promise<Replies["write"]> {
    const { replica } = this.#link;
    const number = held ?? this.#nextNumber++;
    this.#sent.add(number);
    const stopExpecting = replica.expect("text" in write && !replica.isGuarded ? [write.key] : []);
    try {
      const reply = await this.#link.ask(asked.deadline, async (connection) => {
        await this.#revokeOn(connection);
        if (!this.#sent.has(number)) throw new KawaError("BACKEND_TIMEOUT", "The caller has given this write up.");
        const [settled = number] = this.#sent;
        return connection.ask("write", { client: this.#client, number, settled, writes: [write], ...by(asked) });
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
      if (held === undefined) this.#sent.delete(number);
      stopExpecting();
    }
  }

  #giveUp(number: number): void {
    this.#sent.delete(number);
    this.#revoked.add(number);
  }

  /** A write that was given up must not come after a later one. */
  async #revokeOn(connection: Connection): Promise<void> {
    const numbers = [...this.#revoked];
    if (numbers.length === 0) return;
    await connection.ask("revoke", { client: this.#client, numbers });
    for (const number of numbers) this.#revoked.delete(number);
  }
}

async function askedBy({ context, origin, from, deadline }: QueuedWrite): Promise<Asked> {
  // Hooks that are not asked need not know.
  return { context: from?.isPastHooks ? undefined : await context, origin, from, deadline };
}
