import { AsyncLocalStorage } from "node:async_hooks";
import { processState } from "../process/process-state.ts";

const scope = processState("own-work", () => new AsyncLocalStorage<true>());

/** Runs what is not the work of the render that happens to start it, such as the hook of an actor from which the render reads. */
export function asOwnWork<T>(fn: () => T): T {
  return scope.run(true, fn);
}

export function isOwnWork(): boolean {
  return scope.getStore() === true;
}
