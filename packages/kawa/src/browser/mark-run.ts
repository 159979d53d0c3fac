import type { AskedTransaction } from "../core/running-transaction.ts";
import { running } from "./running.ts";

/** The same transaction, which `running` knows of while its function runs: until it first waits, and where it goes on after `tx`. */
export function markRun<R>({ run, ...asked }: AskedTransaction<R>): AskedTransaction<R> {
  return {
    ...asked,
    run: (tx) =>
      marked(() =>
        run({
          ...tx,
          get: (signal) => goingOn(tx.get(signal)),
          update: (signal, fn) => goingOn(tx.update(signal, (current) => marked(() => fn(current)))),
        }),
      ),
  };
}

function marked<T>(fn: () => T): T {
  const now = running();
  const before = now.isTransaction;
  now.isTransaction = true;
  try {
    return fn();
  } finally {
    now.isTransaction = before;
  }
}

/** What waits for the promise is queued between the two that mark it, and nothing else is. */
function goingOn<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void): void => {
      queueMicrotask(() => (running().isTransaction = true));
      how();
      queueMicrotask(() => (running().isTransaction = false));
    };
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
