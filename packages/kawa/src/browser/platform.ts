import type { Backend, KeyLists, OperationOptions, SignalBackend, WriteOptions } from "../core/backend/backend.ts";
import { browserBackend } from "./global-backend.ts";
import { show } from "../core/errors/clip.ts";
import type { PresentEntry } from "../core/backend/entry.ts";
import { react } from "../core/process/reactive.ts";
import { readForAll } from "../core/backend/reads.ts";
import type { Initial } from "../core/platform.ts";
import type { AnySignal, SignalDefinition } from "../core/signal.ts";

export { untracked } from "../core/process/reactive.ts";
export type { Initial } from "../core/platform.ts";
export { localBackend } from "./global-backend.ts";

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

export function valueOf(_key: string, entry: PresentEntry): unknown {
  return entry.value;
}

export function redefine(signal: AnySignal, initial: unknown): void {
  if (process.env.NODE_ENV === "development" && show(signal.initial) !== show(initial)) {
    signal.redefine(initialOf(signal.key, initial));
  }
}

export function applyOptions(signal: AnySignal, { exposure }: SignalDefinition<unknown>): void {
  signal.exposure = exposure ?? signal.exposure;
}

export function markFamily<F extends object>(family: F, definition: object): F {
  return Object.assign(family, { definition });
}

/** No `ttlMs`: the server knows which signals are ephemeral. */
export function writeOptions(_signal: AnySignal, options: OperationOptions | undefined): WriteOptions | undefined {
  return options;
}
