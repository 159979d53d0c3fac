import { react } from "./reactive.ts";
import { readForAll } from "./reads.ts";

/**
 * Runs `fn` now and again after a signal that it read has changed. Returns a function that stops it. What `fn` returns is
 * called before each rerun and at the end.
 */
export function effect(fn: () => void | (() => void)): () => void {
  return react(() => readForAll(fn));
}
