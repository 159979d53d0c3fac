import { runTransaction } from "#run-transaction";
import { written } from "#written";
import type { OperationOptions } from "./backend/backend.ts";
import type { Transaction } from "./transaction-api.ts";

/**
 * Runs a function whose reads and writes of signals happen as one: nobody sees a part of it, nothing that it has read has changed when it is
 * written, and it is written whole or not at all. Resolves with what the function returns, when all of it is durable.
 *
 * The function runs again when another writer was faster, so it must do nothing else than to compute. All its signals live in one backend.
 *
 * In a browser it is one request over exposed signals, at most 100 of them. It is shown as one step, and goes back as one when it is refused.
 *
 * @throws {KawaError} TRANSACTION_INVALID - its signals live in two backends, or it is inside of another transaction
 * @throws {KawaError} CHANGE_REFUSED, ACTION_REFUSED - one of its writes was refused, so none was made
 * @throws {KawaError} NOT_EXPOSED, VALUE_INVALID - in a browser: a signal is not exposed, or its schema refuses a value
 * @throws {KawaError} WRITE_UNCONFIRMED - in a browser: the answers were lost, so it is not known whether it was made
 * @throws {KawaError} UPDATE_CONFLICT - other writers were faster for too long
 * @throws {KawaError} as `set` of a signal
 * @example
 * await transaction(async (tx) => {
 *   if ((await tx.get(balance("ada"))) < 10) throw new Error("Not enough.");
 *   tx.increment(balance("ada"), -10);
 *   tx.increment(balance("bob"), 10);
 * });
 */
export function transaction<R>(run: (tx: Transaction) => R | Promise<R>, options?: OperationOptions): Promise<R> {
  const perform = (isCommitted: boolean) => (): Promise<R> => runTransaction({ run, options, isCommitted });
  const call = { name: "transaction", of: { key: "a transaction" }, by: transaction } as const;
  return written(call, perform(true), perform(false));
}
