import { AsyncLocalStorage } from "node:async_hooks";
import { processState } from "./process-state.ts";

/**
 * Runs what outlives the request that happens to start it, without what that request carries along: in React's store `fetch`
 * would answer from the cache of that one render for ever, and in Next's `cookies()` would be the first visitor's.
 *
 * Node gives no way out of a request, only back to where this was called first. The host of the actors does so when
 * the server starts.
 */
export function detached<T>(fn: () => T): T {
  return processState("detached", () => AsyncLocalStorage.snapshot())(fn);
}
