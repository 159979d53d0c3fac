import type { AskedTransaction } from "../core/running-transaction.ts";
import { browserBackend } from "./global-backend.ts";
import { running } from "./running.ts";

/** The code of transactions is loaded at the first one. Whoever looks when it has come may be another visitor. */
export async function runTransaction<R>(asked: AskedTransaction<R>): Promise<R> {
  const backend = browserBackend();
  const forgetCount = backend.forgetCount.peek();
  const { isTransaction: isInside } = running();
  const { run } = await import("./browser-transactions.ts");
  return run(asked, { backend, forgetCount, isInside });
}
