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

export const cell = shared.signal;
export const derive = shared.computed;
export const react = shared.effect;
export const batch: <T>(fn: () => T) => T = shared.batch;
export const untracked: <T>(fn: () => T) => T = shared.untracked;

export type Cell<T> = Signal<T>;
export type ReadonlyCell<T> = ReadonlySignal<T>;
