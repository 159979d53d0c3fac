import type { Backend, KeyLists, OperationOptions, WriteOptions } from "./backend/backend.ts";
import { appBackend } from "./memory/wanted-backend.ts";
import { createBuildBackend } from "./memory/build-backend.ts";
import { createLaterBackend } from "./memory/later-backend.ts";
import { createPresentEntry, type PresentEntry } from "./backend/entry.ts";
import { exposureOf, type SignalOptions } from "./exposure.ts";
import { clip, isKawaError, KawaError, show } from "./errors/errors.ts";
import { fitted } from "./fit-value.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { firstVersion } from "./value/value-version.ts";
import { applyChange, type CommutingChange } from "./value/commuting.ts";
import { homeOf } from "./backend/home-of.ts";
import { noteWrite } from "./work/effect-loops.ts";
import { memoryBackend } from "./memory/memory-backend.ts";
import { isNextBuild } from "./work/next-work.ts";
import { readEachAlone } from "./backend/reads.ts";
import { readNamed } from "./value/unreadable.ts";
import { encodeValue } from "./value/value.ts";
import { processState } from "./process/process-state.ts";
import type { AnySignal, BackedSignal, SignalDefinition } from "./signal.ts";

export { createRunner, guardedEffect, nameOf, noteWritten, runAs, untracked } from "./work/effect-loops.ts";
export { markFamily } from "./family-pattern.ts";
export { markCollection } from "./mark-collection.ts";
export { isLeftOut } from "./value/unreadable.ts";
export { composeKey } from "./backend/key.ts";
export { asTransaction, outsideTransaction } from "./work/as-transaction.ts";
export { localBackend } from "./memory/memory-backend.ts";

/** The backend of signals that have no other. A server of Next never keeps them in memory, where they would be lost. */
export function fallbackBackend(): Backend {
  return processState("fallback-backend", () => {
    if (isNextBuild()) return createBuildBackend();
    return process.env.NEXT_RUNTIME === "nodejs" ? createLaterBackend(appBackend) : memoryBackend();
  });
}

/** The backend that has a signal: a shard, where its backend has any. */
export function placeOf(backend: Backend, { key }: Pick<AnySignal, "key">): Backend {
  return homeOf(backend, key);
}

/** True where a value that is written is shown before it is accepted. */
export const isOptimistic = false;

/** Asks what lists and clears the keys of a backend. */
export function askKeyLists<T>(backend: Backend, ask: (lists: KeyLists) => Promise<T>): Promise<T> {
  return ask(backend);
}

/** The default of a signal. */
export type Initial = { readonly text: string; readonly entry: PresentEntry };

export function initialOf(key: string, value: unknown, version?: number): Initial {
  // A signal is defined before anybody reads it.
  if (isNextBuild()) readEachAlone();
  const text = encodeValue(key, value, undefined, version);
  return { text, entry: createPresentEntry(0, text) };
}

/** The value of an entry as its signal defines it. @throws {KawaError} as {@link fitted} */
export function valueOf(signal: AnySignal, entry: PresentEntry): unknown {
  const shown = fitted(signal, entry);
  return readNamed(signal.key, () => shown.value);
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
  const { ttlMs, shape } = signal;
  if (ttlMs === undefined && shape === undefined) return options;
  return { ...options, ttlMs, version: shape?.version };
}

/**
 * Makes a change that commutes. The actor makes it of a value of the definition's version; one of an earlier version is migrated here, and
 * the result is compared.
 */
export async function alterValue<T>(
  signal: BackedSignal<T>,
  change: CommutingChange,
  options: OperationOptions | undefined,
): Promise<unknown> {
  const { key, shape } = signal;
  const initial = shape ? initialOf(key, signal.initial, shape.version).entry : signal.initialEntry;
  try {
    return await signal.backendNow.change(key, change, initial, writeOptions(signal, options));
  } catch (error) {
    if (!shape || !isKawaError(error, "UPDATE_CONFLICT")) throw error;
  }
  const made = await signal.change((current) => applyChange(key, current, change) as T, options);
  return "increment" in change ? made : undefined;
}

/**
 * Each copy of the module that defines a signal defines it once more.
 *
 * @throws {KawaError} OPTION_INVALID - two definitions differ, or an option cannot be meant
 */
export function applyOptions(signal: AnySignal, { options, ttlMs }: SignalDefinition<unknown>): void {
  if (ttlMs !== undefined) signal.ttlMs = ttlMs;
  // V8 keeps a field within the object where it is there from the beginning, and a page may look at thousands of signals.
  signal.readBy ??= undefined;
  signal.shape ??= undefined;
  if (!options) return;
  const isEditing = process.env.NODE_ENV === "development";
  const exposure = exposureOf(options);
  const shape = shapeOf(options);
  const { exposure: exposed, shape: shaped } = signal;
  // As of the members of a family.
  if (exposed === exposure && shaped === shape) return;
  const isSame =
    (!exposed || !exposure || (exposed.expose === exposure.expose && isAlike(exposed, exposure))) &&
    (!shaped || !shape || isAlike(shaped, shape));
  if (!isSame && !isEditing) {
    throw new KawaError(
      "OPTION_INVALID",
      `Signal "${clip(signal.key)}" is defined twice in different ways (expose, schema, version). Define it in one module and import it.`,
    );
  }
  signal.exposure = exposure ?? exposed;
  // A value that was migrated stays the same object for its readers, however many copies of the module there are.
  signal.shape = isEditing ? (shape ?? shaped) : (shaped ?? shape);
}

type Looks = Pick<SignalOptions<unknown> | Shape, "schema" | "version">;

function isAlike(a: Looks, b: Looks): boolean {
  return (a.version ?? firstVersion) === (b.version ?? firstVersion) && !a.schema === !b.schema;
}
