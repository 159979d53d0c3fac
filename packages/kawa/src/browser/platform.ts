import type { Backend, KeyLists, SignalBackend, WriteOptions } from "../core/backend/backend.ts";
import { browserBackend } from "./global-backend.ts";
import { show } from "../core/errors/clip.ts";
import type { PresentEntry } from "../core/backend/entry.ts";
import { react } from "../core/process/reactive.ts";
import { readForAll } from "../core/backend/reads.ts";
import type { KawaError } from "../core/errors/errors.ts";
import { exposureOf } from "../core/exposure.ts";
import type { Initial } from "../core/platform.ts";
import type { AnySignal, BackedSignal, SignalDefinition } from "../core/signal.ts";
import type { CommutingChange } from "../core/value/commuting.ts";
import { valueIn } from "./value-of.ts";

export { untracked } from "../core/process/reactive.ts";
export type { Initial } from "../core/platform.ts";
export { localBackend } from "./global-backend.ts";

export const isOptimistic = true;

// An effect that loops holds up its own tab alone, and the reactive graph stops it after 100 runs.

export function guardedEffect(_of: object, fn: () => void | (() => void)): () => void {
  return react(() => readForAll(fn));
}

export function createRunner(): undefined {}

export function runAs<T>(_runner: undefined, fn: () => T): T {
  return fn();
}

export function nameOf(): string {
  return "";
}

export function fallbackBackend(): SignalBackend {
  return browserBackend();
}

/** Browsers know of no shards. */
export const placeOf = (backend: Backend): Backend => backend;

/** @throws {KawaError} CONTEXT_UNSUPPORTED - it is the backend of the app, whose keys a browser may not list */
export async function askKeyLists<T>(backend: Backend, ask: (lists: KeyLists) => Promise<T>): Promise<T> {
  // One in memory has lists of its own.
  return "keys" in backend ? ask(backend) : (await import("./server-only.ts")).refuseLists();
}

// A server has loaded the same module and checked what it defines, so nothing is checked here.

export function composeKey(prefix: string, key: string): string {
  return prefix === "" ? key : `${prefix}:${key}`;
}

export function initialOf(_key: string, value: unknown): Initial {
  return { text: "", entry: { state: "present", seq: 0, value } };
}

export function valueOf({ exposure }: AnySignal, entry: PresentEntry): unknown {
  return valueIn(exposure, entry);
}

export function alterValue<T>(
  { backendNow, key, initialEntry, exposure }: BackedSignal<T>,
  change: CommutingChange,
): Promise<unknown> {
  return backendNow.change(key, change, initialEntry, exposure);
}

export function redefine(signal: AnySignal, initial: unknown): void {
  if (process.env.NODE_ENV === "development" && show(signal.initial) !== show(initial)) {
    signal.redefine(initialOf(signal.key, initial));
  }
}

export function applyOptions(signal: AnySignal, { options }: SignalDefinition<unknown>): void {
  signal.exposure = exposureOf(options) ?? signal.exposure;
}

export function markCollection<C extends object>(rows: C, _definition: object): C {
  return rows;
}

export function markFamily<F extends object>(family: F, definition: object): F {
  return Object.assign(family, { definition });
}

/** The definition, of which a write needs the version. The server knows all else: who acts, and which signals are ephemeral. */
export function writeOptions({ exposure }: AnySignal): WriteOptions | undefined {
  return exposure;
}

/** In a browser a read throws nothing else than why there is no value, and the server has logged that. */
export function isLeftOut(_key: string, _error: unknown): _error is KawaError {
  return true;
}

/** Has queries show a row at its place while it is written. */
export function noteWritten(signal: AnySignal, work: Promise<unknown>): void {
  signal.place?.(work);
}

export function outsideTransaction<T>(fn: () => T): T {
  return fn();
}

/** A browser cannot tell which transaction a call is a part of. */
export function asTransaction<T>(run: () => Promise<T>): Promise<T> {
  return run();
}
