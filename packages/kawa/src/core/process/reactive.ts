// By name: a browser gets no more than these.
import {
  batch as coreBatch,
  computed,
  effect,
  type ReadonlySignal,
  signal,
  type Signal,
  untracked as coreUntracked,
} from "@preact/signals-core";
import { processState } from "./process-state.ts";

/**
 * One copy of the reactive graph for the whole process: a computed in a page's copy of this module must see the writes
 * that reach the copy in a route handler. Two copies of signals-core would not track each other.
 */
const shared = processState("signals-core", () => ({
  signal,
  computed,
  effect,
  batch: coreBatch,
  untracked: coreUntracked,
}));

export const { signal: cell, computed: derive, effect: react } = shared;

/**
 * Runs `fn`, and only then whatever depends on the signals that change meanwhile: an effect runs once, although several of the signals that
 * it reads have changed. Returns what `fn` returns.
 *
 * It ends when `fn` returns, so it groups what changes at once: a write in the browser, or one in memory. Writes that wait for an actor
 * change their signals later, when they are durable.
 *
 * @example
 * batch(() => {
 *   void firstName.set("Ada");
 *   void lastName.set("Lovelace");
 * });
 */
export const batch: <T>(fn: () => T) => T = shared.batch;

/** What a server has in `core/work/effect-loops`, as browsers have it: the reads of `fn` are not tracked. */
export const untracked: <T>(fn: () => T) => T = shared.untracked;

export type Cell<T> = Signal<T>;
export type ReadonlyCell<T> = ReadonlySignal<T>;
