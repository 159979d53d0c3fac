import { KawaError } from "../core/errors/errors.ts";
import { nestedError } from "../core/backend/nested-error.ts";
import { type AskedTransaction, RunningTransaction } from "../core/running-transaction.ts";
import { BrowserTransaction, type Visit } from "./browser-transaction.ts";
import { markRun } from "./mark-run.ts";

// Loaded at the first transaction.

type Call = Visit & {
  /** It was begun by the function of another one. */
  readonly isInside: boolean;
};

/** @throws {KawaError} TRANSACTION_INVALID - it is begun inside of another one */
export async function run<R>(asked: AskedTransaction<R>, { isInside, ...visit }: Call): Promise<R> {
  if (isInside) throw nestedError();
  const transaction = new RunningTransaction(markRun(asked), async (backend, attempt, options) => {
    if ((backend as object) === visit.backend) return new BrowserTransaction(attempt, visit).commit();
    // One in memory has transactions of its own.
    if ("transact" in backend) return backend.transact(attempt, options);
    throw new KawaError(
      "TRANSACTION_INVALID",
      "Signals without a key are kept in each tab alone, and take part in no transaction. Group what changes with batch().",
    );
  });
  return transaction.result();
}
