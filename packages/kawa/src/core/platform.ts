import type { Backend, KeyLists, OperationOptions, WriteOptions } from "./backend/backend.ts";
import { appBackend } from "./memory/wanted-backend.ts";
import { createBuildBackend } from "./memory/build-backend.ts";
import { createLaterBackend } from "./memory/later-backend.ts";
import { createPresentEntry, type PresentEntry } from "./backend/entry.ts";
import type { Exposure } from "./exposure.ts";
import { clip, KawaError, show } from "./errors/errors.ts";
import { noteWrite } from "./work/effect-loops.ts";
import { memoryBackend } from "./memory/memory-backend.ts";
import { isNextBuild } from "./work/next-work.ts";
import { readEachAlone } from "./backend/reads.ts";
import { readNamed } from "./value/unreadable.ts";
import { encodeValue } from "./value/value.ts";
import { processState } from "./process/process-state.ts";
import type { AnySignal, SignalDefinition } from "./signal.ts";

export { createRunner, guardedEffect, nameOf, runAs, untracked } from "./work/effect-loops.ts";
export { markFamily } from "./family-pattern.ts";
export { composeKey } from "./backend/key.ts";
export { localBackend } from "./memory/memory-backend.ts";

/** The backend of signals that have no other. A server of Next never keeps them in memory, where they would be lost. */
export function fallbackBackend(): Backend {
  return processState("fallback-backend", () => {
    if (isNextBuild()) return createBuildBackend();
    return process.env.NEXT_RUNTIME === "nodejs" ? createLaterBackend(appBackend) : memoryBackend();
  });
}

/** Asks what lists and clears the keys of a backend. */
export function askKeyLists<T>(backend: Backend, ask: (lists: KeyLists) => Promise<T>): Promise<T> {
  return ask(backend);
}

/** The default of a signal. */
export type Initial = { readonly text: string; readonly entry: PresentEntry };

export function initialOf(key: string, value: unknown): Initial {
  // A signal is defined before anybody reads it.
  if (isNextBuild()) readEachAlone();
  const text = encodeValue(key, value);
  return { text, entry: createPresentEntry(0, text) };
}

/** @throws {KawaError} VALUE_UNREADABLE - what is stored is no value */
export function valueOf(key: string, entry: PresentEntry): unknown {
  return readNamed(key, () => entry.value);
}

const warned = processState("redefined-signals", () => new Set<string>());
/** Most warnings: visitors may choose the keys of a family. */
const maxWarnings = 100;

/** Called when a signal is defined once more: a second module may mean another default. */
export function redefine(signal: AnySignal, initial: unknown): void {
  if (Object.is(signal.initial, initial)) return;
  const before = signal.initialText;
  const after = initialOf(signal.key, initial);
  if (before === after.text) return;
  const editing = process.env.NODE_ENV === "development";
  const warning = `${signal.key}\n${before}\n${after.text}`;
  if (!warned.has(warning) && warned.size < maxWarnings) {
    warned.add(warning);
    console.warn(
      `[kawa] Signal "${clip(signal.key)}" is defined twice with different defaults: ${show(signal.initial)} ` +
        `and ${show(initial)}. ${editing ? "The newer one is used" : "The first one is used"}; ` +
        `define it in one module and import it${editing ? " (nothing to do if you have just edited it)" : ""}.`,
    );
  }
  // In development a second definition usually is the same line after an edit.
  if (editing) signal.redefine(after);
}

/** The options of a write that is about to begin. */
export function writeOptions(signal: AnySignal, options?: OperationOptions): WriteOptions | undefined {
  noteWrite(signal);
  return signal.ttlMs === undefined ? options : { ...options, ttlMs: signal.ttlMs };
}

/**
 * Each copy of the module that defines a signal exposes it once more.
 *
 * @throws {KawaError} OPTION_INVALID - two definitions expose it in different ways
 */
export function applyOptions(signal: AnySignal, { exposure, ttlMs }: SignalDefinition<unknown>): void {
  if (ttlMs !== undefined) signal.ttlMs = ttlMs;
  // V8 keeps a field within the object where it is there from the beginning, and a page may look at thousands of signals.
  signal.readBy ??= undefined;
  if (exposure) expose(signal, exposure);
}

function expose(signal: AnySignal, exposure: Exposure): void {
  const before = signal.exposure;
  const isSame = !before || (before.expose === exposure.expose && !before.schema === !exposure.schema);
  if (!isSame && process.env.NODE_ENV !== "development") {
    throw new KawaError(
      "OPTION_INVALID",
      `Signal "${clip(signal.key)}" is exposed twice in different ways (expose, schema). Define it in one module and import it.`,
    );
  }
  signal.exposure = exposure;
}
