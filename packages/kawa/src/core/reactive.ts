import * as signalsCore from "@preact/signals-core";
import { processState } from "./process-state.ts";

/**
 * One copy of the reactive graph for the whole process: a computed in a page's copy of this module must see the writes
 * that reach the copy in a route handler. Two copies of signals-core would not track each other.
 */
const shared = processState("signals-core", () => ({ ...signalsCore }));

export const cell = shared.signal;
export const derive = shared.computed;
export const react = shared.effect;
export const batch: <T>(fn: () => T) => T = shared.batch;
export const untracked: <T>(fn: () => T) => T = shared.untracked;

export type Cell<T> = signalsCore.Signal<T>;
export type ReadonlyCell<T> = signalsCore.ReadonlySignal<T>;
