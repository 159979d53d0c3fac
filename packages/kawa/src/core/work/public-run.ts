import { AsyncLocalStorage } from "node:async_hooks";
import { processState } from "../process/process-state.ts";

const runs = processState("public-runs", () => new AsyncLocalStorage<() => void>());

/** While `fn` runs, and in all that it awaits, `onAsked` is called when something asks Kawa who acts. */
export function runPublic<R>(onAsked: () => void, fn: () => R): R {
  return runs.run(onAsked, fn);
}

export function isInPublicRun(): boolean {
  return runs.getStore() !== undefined;
}

/** Called when something asks who acts: its result may be right for this caller alone. */
export function noteIdentityAsked(): void {
  runs.getStore()?.();
}
