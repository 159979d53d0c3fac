import { asTransaction, noteWritten, outsideTransaction } from "#platform";
import type { Backend, OperationOptions } from "./backend/backend.ts";
import { spreadError } from "./backend/spread-error.ts";
import type { Attempt, TransactionRead, TransactionWrite } from "./backend/transacting.ts";
import { KawaError } from "./errors/errors.ts";
import { type BackedSignal, backed } from "./signal.ts";
import type { AnyValueSignal } from "./signal-api.ts";
import type { Transaction } from "./transaction-api.ts";
import { TransactionDraft } from "./transaction-draft.ts";
import type { CommutingChange } from "./value/commuting.ts";

/** A function that is to run as a transaction; in a render that must not write, nothing is committed. */
export type AskedTransaction<R> = {
  readonly run: (tx: Transaction) => R | Promise<R>;
  readonly options: OperationOptions | undefined;
  readonly isCommitted: boolean;
};

/** `Backend.transact`, or what a browser does instead. */
export type CommitBy = (backend: Backend, attempt: Attempt, options?: OperationOptions) => Promise<void>;

/** The function is called before its backend is known: the first signal that it uses names that. */
export class RunningTransaction<R> {
  readonly #asked: AskedTransaction<R>;
  readonly #commit: CommitBy;
  readonly #begun = Promise.withResolvers<TransactionRead>();
  /** Resolves when the first signal is used. */
  readonly #used = Promise.withResolvers<void>();
  #attempts = 0;
  #backend: Backend | undefined;
  #firstKey = "";
  #committed: Promise<void> | undefined;
  #first: Promise<readonly TransactionWrite[]> | undefined;
  #result: R | undefined;

  constructor(asked: AskedTransaction<R>, commit: CommitBy) {
    this.#asked = asked;
    this.#commit = commit;
  }

  async result(): Promise<R> {
    const first = (this.#first = this.#attempt(async (key) => (await this.#begun.promise)(key)));
    first.catch(() => {});
    await Promise.race([first, this.#used.promise]).catch(() => {});
    // One that has used no signal has nothing to commit.
    await (this.#committed ?? first);
    return this.#result as R;
  }

  async #attempt(read: TransactionRead): Promise<readonly TransactionWrite[]> {
    const draft = new TransactionDraft(read);
    const own = (this.#attempts += 1);
    let isOver = false;
    const checked = <T>(signal: AnyValueSignal<T>): BackedSignal<unknown> => {
      if (isOver)
        throw new KawaError("TRANSACTION_INVALID", "A transaction was used after its end. Await what it does.");
      const found = backed(signal) as BackedSignal<unknown>;
      this.#begin(found);
      return found;
    };
    const alter = (signal: AnyValueSignal<never>, change: CommutingChange): void =>
      draft.alter(checked(signal), change);
    const tx: Transaction = {
      get: async <T>(signal: AnyValueSignal<T>) => (await draft.get(checked(signal))) as T,
      set: (signal, value) => draft.set(checked(signal), value),
      async update(signal, fn) {
        const made = fn(await tx.get(signal));
        tx.set(signal, made);
        return made;
      },
      delete: (signal) => draft.delete(checked(signal)),
      increment: (signal, by = 1, { min, max } = {}) => alter(signal as never, { increment: by, min, max }),
      merge: (signal, patch) => alter(signal as never, { merge: patch as Record<string, unknown> }),
      append: (signal, ...items) => alter(signal as never, { append: items }),
      remove: (signal, item) => alter(signal as never, { remove: item }),
    };
    try {
      const result = await asTransaction(async () => this.#asked.run(tx));
      // An earlier run that was given up may end later.
      if (own === this.#attempts) this.#result = result;
      if (!this.#asked.isCommitted) return [];
      const writes = await draft.writes();
      // An effect that writes what it reads is found by that.
      for (const signal of draft.written) noteWritten(signal, this.#committed!);
      return writes;
    } finally {
      isOver = true;
    }
  }

  #begin(signal: BackedSignal<unknown>): void {
    const backend = signal.backendNow;
    if (this.#backend && this.#backend !== backend) {
      throw spreadError({ backend: this.#backend, key: this.#firstKey }, { backend, key: signal.key });
    }
    if (this.#backend) return;
    this.#backend = backend;
    this.#firstKey = signal.key;
    this.#used.resolve();
    let isFirst = true;
    const attempt = (read: TransactionRead): Promise<readonly TransactionWrite[]> => {
      if (!isFirst) return this.#attempt(read);
      isFirst = false;
      this.#begun.resolve(read);
      return this.#first!;
    };
    // The function may be the one that calls this: it is not at its first promise yet.
    this.#committed = Promise.resolve().then(() =>
      outsideTransaction(() => this.#commit(backend, attempt, this.#asked.options)),
    );
    this.#committed.catch(() => {});
  }
}
