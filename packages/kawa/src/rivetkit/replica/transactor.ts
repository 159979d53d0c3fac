import { AsyncLocalStorage } from "node:async_hooks";
import type { Entry, Snapshot } from "../../core/backend/backend.ts";
import { createEntry, textOf } from "../../core/backend/entry.ts";
import type { Attempt, TransactionWrite } from "../../core/backend/transacting.ts";
import { isQueryKey } from "../../core/collections/query-key.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { backoff } from "../../core/process/backoff.ts";
import { delay } from "../../core/process/delay.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import { encodeChange } from "../../core/value/commuting.ts";
import { encodeValue } from "../../core/value/value.ts";
import { type Check, noSeq, type Replies, type Row, type Write } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import { refusalIn } from "../store/apply-changes.ts";
import { isSetAside, SetAside } from "../store/local-transactions.ts";
import type { ActorLink } from "./actor-link.ts";
import type { RunHere } from "./ask-service.ts";
import { type Asked, BatchSender, type SentBatch } from "./batch-sender.ts";
import type { Declarations } from "./declarations.ts";
import { isFinal } from "./final-errors.ts";

export type TransactorOptions = {
  readonly link: ActorLink;
  readonly declarations: Declarations;
  readonly maxValueBytes: number | undefined;
};

/** After so many conflicts a transaction comes before others. */
const lossesBeforeTurn = 3;
const retry = { firstMs: 2, maxMs: 200 } as const;
/** Longest writes of one transaction, encoded. */
const maxLength = 4 * 1024 * 1024;

/** No key is empty. */
const neverSo: Check = ["", noSeq];

type Made = { readonly writes: readonly Write[]; readonly checks: readonly Check[] };

/**
 * Runs transactions on one version of the values, and has the actor commit each if what it has read is still so. In the process of the actor
 * they run inside of its group commit instead, one after the other, so that none is in conflict.
 */
export class Transactor {
  readonly #link: ActorLink;
  readonly #declarations: Declarations;
  readonly #maxValueBytes: number | undefined;
  readonly #sender: BatchSender;

  constructor({ link, declarations, maxValueBytes }: TransactorOptions) {
    this.#link = link;
    this.#declarations = declarations;
    this.#maxValueBytes = maxValueBytes;
    this.#sender = new BatchSender(link, declarations);
  }

  /** @throws {KawaError} UPDATE_CONFLICT - other writers were faster until the deadline */
  async transact(attempt: Attempt, asked: Asked, openSnapshot: () => Promise<Snapshot>): Promise<void> {
    const inContext = AsyncLocalStorage.snapshot();
    const bound: Attempt = (read) => inContext(attempt, read);
    for (let losses = 0; ; losses += 1) {
      // A loop of transactions must not hold up the event loop.
      const pause = pauseIfDue();
      if (pause) await pause;
      // A function that was set aside would be again.
      const outcome = (losses === 0 && (await this.#inGroup(bound, asked))) || undefined;
      if ((outcome ?? (await this.#onSnapshot(bound, asked, openSnapshot, losses))) === "committed") return;
      if (performance.now() >= asked.deadline) throw lostError();
      if (losses + 1 < lossesBeforeTurn) await delay(Math.random() * backoff(retry, losses + 1));
    }
  }

  /** Undefined where the actor is elsewhere or has hooks, and for a function that waits for something else than its reads. */
  async #inGroup(attempt: Attempt, asked: Asked): Promise<"committed" | "lost" | undefined> {
    const connection = await this.#link.whenConnected(asked.deadline);
    const { reads, writes, lists } = connection.hooked;
    if (reads || writes || lists || asked.from) return undefined;
    const number = this.#sender.hold();
    const { replica } = this.#link;
    let made: Made | undefined;
    let isGivenUp = false;
    let stopExpecting: (() => void) | undefined;
    const run: RunHere = async (rowOf) => {
      made = await this.#run(attempt, (key) => rowOf(key));
      if (isGivenUp) throw new SetAside("The transaction was made elsewhere.");
      const keys = keysOf(made);
      const due = this.#declarations.due(keys);
      // It fails again where it is awaited.
      due?.catch(() => {});
      if (due) throw new SetAside("The actor is told of a collection first.");
      // What is not loaded here yet is shown when it is committed.
      stopExpecting = replica.expect(keys);
      const settled = this.#sender.settledBefore(number);
      return { client: this.#sender.client, number, settled, isWhole: true, ...made };
    };
    try {
      const ran = await connection.transactHere(run);
      if (!ran) return undefined;
      if ("written" in ran) {
        if (!replica.hasReached(ran.written)) await this.#link.whenReached(ran.written, asked.deadline);
        return outcomeOf(ran.written);
      }
      if (isSetAside(ran.thrown)) return undefined;
      throw ran.thrown;
    } catch (error) {
      if (isFinal(error)) throw error;
      isGivenUp = true;
      // Whether it is stored is known when it is sent again, under its number. If not, it runs again: what it has read may never be stored.
      return made && outcomeOf(await this.#sender.send({ isWhole: true, ...made, checks: [neverSo] }, asked, number));
    } finally {
      this.#sender.release(number);
      stopExpecting?.();
    }
  }

  async #onSnapshot(
    attempt: Attempt,
    asked: Asked,
    openSnapshot: () => Promise<Snapshot>,
    losses: number,
  ): Promise<"committed" | "lost"> {
    const snapshot = await openSnapshot();
    try {
      const made = await this.#run(attempt, async (key): Promise<Row> => {
        await snapshot.load([key]);
        const entry = snapshot.peek(key);
        // Where hooks decide about reads, what is not shown has a number too.
        return [key, textOf(key, entry), entry.state === "present" || snapshot.identity !== undefined ? entry.seq : 0];
      });
      // What was read is of one version, so nothing has to be compared.
      if (made.writes.length === 0 && snapshot.isConsistent) return "committed";
      const due = this.#declarations.due(keysOf(made));
      if (due) await due;
      const batch: SentBatch = { isWhole: true, ...made, ...(losses > 0 ? { losses } : {}) };
      return outcomeOf(await this.#sender.send(batch, asked));
    } finally {
      snapshot.release();
    }
  }

  async #run(attempt: Attempt, rowOf: (key: string) => Row | Promise<Row>): Promise<Made> {
    const checks = new Map<string, number>();
    const toEntry = ([key, text, seq]: Row): Entry => {
      checks.set(key, seq);
      return createEntry(seq, text);
    };
    const read = (key: string): Entry | Promise<Entry> => {
      if (isQueryKey(key))
        throw new KawaError("TRANSACTION_INVALID", "A transaction reads rows of a collection, and no queries.");
      const row = rowOf(key);
      return row instanceof Promise ? row.then(toEntry) : toEntry(row);
    };
    const writes = (await attempt(read)).map((write) => this.#encode(write));
    const length = writes.reduce((sum, write) => sum + lengthOf(write), 0);
    if (length > maxLength)
      throw new KawaError("TRANSACTION_INVALID", `A transaction may write ${maxLength} characters, not ${length}.`);
    return { writes, checks: [...checks] };
  }

  #encode(write: TransactionWrite): Write {
    const { key } = write;
    if ("isDeleted" in write) return { key, text: null };
    const ttl = write.ttlMs === undefined ? {} : { ttlMs: write.ttlMs };
    if ("value" in write) {
      const expected = write.expect === undefined ? {} : { expect: write.expect };
      return { key, text: encodeValue(key, write.value, this.#maxValueBytes, write.version), ...expected, ...ttl };
    }
    const changes = write.changes.map((change) => encodeChange(key, change, this.#maxValueBytes));
    return { key, changes, initial: textOf(key, write.initial)!, ...ttl };
  }
}

/** @throws {KawaError} CHANGE_REFUSED and others - one of its changes was refused */
function outcomeOf({ conflicts, results = [] }: Pick<Replies["write"], "conflicts" | "results">): "committed" | "lost" {
  for (const [, made] of results) {
    const refused = refusalIn(made);
    if (refused) throw fromReplyError(refused);
  }
  return conflicts.length === 0 ? "committed" : "lost";
}

function keysOf({ writes }: Made): string[] {
  return writes.flatMap((write) => ("key" in write ? [write.key] : []));
}

function lengthOf(write: Write): number {
  if ("text" in write) return write.text?.length ?? 0;
  return "changes" in write ? write.changes.reduce((sum, { length }) => sum + length, 0) : 0;
}

function lostError(): KawaError {
  return new KawaError(
    "UPDATE_CONFLICT",
    "A transaction lost against other writers for too long. Read less in it, or use changes that commute.",
  );
}
