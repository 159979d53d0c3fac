import { AsyncLocalStorage } from "node:async_hooks";
import { processState } from "../process/process-state.ts";

const scope = processState("own-work", () => new AsyncLocalStorage<object>());

/** Runs what is not the work of the render that happens to start it, such as the hook of an actor from which the render reads. */
export function asOwnWork<T>(fn: () => T): T {
  return scope.run({}, fn);
}

export function isOwnWork(): boolean {
  return ownWork() !== undefined;
}

/** Tells one such work from another. */
export function ownWork(): object | undefined {
  return scope.getStore();
}
