import { detached } from "../../core/process/detached.ts";
import { outsideOfHooks } from "../hooks/hook-chain.ts";

/**
 * Runs what follows from a change, such as the effects of everybody who reads it, as an anonymous caller, and as no part of the request or
 * hook whose read or write happened to bring the change.
 */
export function asAnonymous<T>(fn: () => T): T {
  return detached(() => outsideOfHooks(fn));
}
