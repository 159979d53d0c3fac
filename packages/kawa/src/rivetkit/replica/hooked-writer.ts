import type { Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { changedError, expectedSeq } from "../../core/backend/expected.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { ActorLink } from "./actor-link.ts";
import type { Connection } from "./connection.ts";
import type { Declarations } from "./declarations.ts";
import type { FromHook } from "../hooks/hook-chain.ts";
import { by } from "./asking.ts";
import { type Asked, BatchSender } from "./batch-sender.ts";
import { isGuardedFor, noSeq, type Replies, type Write } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import type { KeyAlteration, KeyChange, QueuedWrite } from "./queued-write.ts";
import { WriteOrder } from "./write-order.ts";
import { asUpdate, changeMade } from "./fold-writes.ts";
import { conflictError } from "./write-queue.ts";

type HookedWriterOptions = {
  readonly link: ActorLink;
  readonly declarations?: Declarations | undefined;
  readonly maxValueBytes: number | undefined;
};

type Change<Kind extends string> = Extract<KeyChange, Record<Kind, unknown>>;
type Expecting = { readonly key: string; readonly expect?: number | undefined };
type Base = { readonly entry: Entry; readonly expect: number };

/**
 * Brings writes to an actor whose hooks ask who acts: each in the name of its caller, and as soon as it is made. Writes of one key keep
 * their order; what a hook writes has an order of its own.
 */
export class HookedWriter {
  readonly #link: ActorLink;
  readonly #maxValueBytes: number | undefined;
  readonly #sender: BatchSender;
  readonly #order = new WriteOrder();
  /** What a hook writes must not wait for a write that waits for the hook. */
  readonly #orderOfHooks = new WeakMap<FromHook["run"], WriteOrder>();
  readonly #pending = new Set<Promise<void>>();

  constructor({ link, declarations, maxValueBytes }: HookedWriterOptions) {
    this.#link = link;
    this.#maxValueBytes = maxValueBytes;
    this.#sender = new BatchSender(link, declarations);
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
    return this.#pending.size === 0 && this.#sender.isSettled;
  }

  /** Resolves when all writes up to now are done, and those that were given up cannot come any more. */
  async settle(connection: Connection): Promise<void> {
    await Promise.all(this.#pending);
    await this.#sender.revokeOn(connection);
  }

  #orderOf(run: FromHook["run"]): WriteOrder {
    let order = this.#orderOfHooks.get(run);
    if (!order) this.#orderOfHooks.set(run, (order = new WriteOrder()));
    return order;
  }

  async #clear(order: WriteOrder, clear: string, queued: QueuedWrite): Promise<void> {
    const number = this.#sender.hold();
    try {
      await order.clear(clear, {
        first: async (except) =>
          this.#send(except.length === 0 ? { clear } : { clear, except }, await askedBy(queued), number),
        rest: async (only) => this.#send({ clear, only, partOf: number }, await askedBy(queued)),
      });
    } finally {
      this.#sender.release(number);
    }
  }

  async #perform(queued: QueuedWrite): Promise<unknown> {
    const pause = pauseIfDue();
    if (pause) await pause;
    const { change } = queued;
    const asked = await askedBy(queued);
    if ("updater" in change) return this.#update(change, asked);
    if ("change" in change) return this.#change(queued, change, asked);
    if ("text" in change && change.expect !== undefined) return this.#writeExpecting(change, change.expect, asked);
    const { conflicts } = await this.#send(change, asked);
    if ("isRenewal" in change) return conflicts.length === 0;
    return undefined;
  }

  async #change(queued: QueuedWrite, { change, expect, ...own }: KeyAlteration, asked: Asked): Promise<unknown> {
    const isKnown = await this.#link.ask(asked.deadline, async ({ takesChanges }) => takesChanges);
    if (!isKnown) return this.#perform(asUpdate(queued));
    const write = { ...own, changes: [change] };
    const sent = expect === undefined ? write : await this.#expecting({ ...write, expect }, expect, asked);
    const { conflicts, results: [[, [made]] = ["", [null]]] = [] } = await this.#send(sent, asked);
    if (conflicts.length > 0) throw expect === undefined ? conflictError(own.key) : changedError(own.key);
    return changeMade(change, made);
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
  async #expecting<C extends Expecting>(change: C, expect: number, asked: Asked): Promise<C> {
    const base = await this.#link.ask(asked.deadline, async (connection) => {
      return isGuardedFor(connection.hooked, asked.origin) ? this.#shownBase(connection, change.key, asked) : undefined;
    });
    if (!base) return change;
    // A write that must fail is sent too: a caller that may not write at all has to hear that.
    return { ...change, expect: expectedSeq(base.entry) === expect ? base.expect : noSeq };
  }

  async #update({ key, updater, ttlMs, version }: Change<"updater">, asked: Asked): Promise<unknown> {
    for (let losses = 0; ; losses += 1) {
      const { entry, expect } = await this.#base(key, asked);
      const text = encodeValue(key, updater(entry), this.#maxValueBytes, version);
      const writes = [{ key, text, expect, ttlMs }];
      const { conflicts, rows = [] } = await this.#sender.send({ writes, ...(losses > 0 ? { losses } : {}) }, asked);
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

  #send(write: Write, asked: Asked, held?: number): Promise<Replies["write"]> {
    return this.#sender.send({ writes: [write] }, asked, held);
  }
}

async function askedBy({ context, origin, from, deadline }: QueuedWrite): Promise<Asked> {
  // Hooks that are not asked need not know.
  return { context: from?.isPastHooks ? undefined : await context, origin, from, deadline };
}
