import { type AskedTransaction, RunningTransaction } from "./running-transaction.ts";

export function runTransaction<R>(asked: AskedTransaction<R>): Promise<R> {
  return new RunningTransaction(asked, (backend, attempt, options) => backend.transact(attempt, options)).result();
}
