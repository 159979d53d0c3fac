import { detached } from "../../core/process/detached.ts";
import { outsideOfHooks } from "../hooks/hook-chain.ts";

/**
 * Runs what follows from a change, such as the effects of everybody who reads it: it is no part of the request or the hook whose write
 * or read has happened to bring the change, and does nothing in their name.
 */
export function asAnonymous<T>(fn: () => T): T {
  return detached(() => outsideOfHooks(fn));
}
