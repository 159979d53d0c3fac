import { AsyncLocalStorage } from "node:async_hooks";
import { nestedError } from "../backend/nested-error.ts";
import { processState } from "../process/process-state.ts";
import { ownWork } from "./own-work.ts";

type Running = { isOver: boolean; readonly within: object | undefined };

/** The transaction that the caller is a part of. */
const running = processState("transaction", () => new AsyncLocalStorage<Running | undefined>());

/** Runs what a transaction causes and is no part of its function, such as its commit, and the effects of that. */
export function outsideTransaction<T>(fn: () => T): T {
  return running.run(undefined, fn);
}

/**
 * Runs the function of a transaction. A hook that one of its writes calls may make transactions of its own.
 *
 * @throws {KawaError} TRANSACTION_INVALID - it is begun inside of another one
 */
export async function asTransaction<T>(run: () => Promise<T>): Promise<T> {
  const within = ownWork();
  const outer = running.getStore();
  if (outer && !outer.isOver && outer.within === within) throw nestedError();
  const own: Running = { isOver: false, within };
  try {
    return await running.run(own, run);
  } finally {
    own.isOver = true;
  }
}
