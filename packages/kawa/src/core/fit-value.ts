import type { Entry } from "./backend/backend.ts";
import { createPresentEntry, type PresentEntry, textOf, versionOfEntry } from "./backend/entry.ts";
import { tooNewError } from "./backend/expected.ts";
import { clip, isKawaError, KawaError } from "./errors/errors.ts";
import type { Shape } from "./shape.ts";
import type { StandardIssue, StandardSchema } from "./standard-schema.ts";
import { isUnfit, leaveOut, readNamed } from "./value/unreadable.ts";
import { unfitText } from "./value/unfit-text.ts";
import { encodeValue } from "./value/value.ts";
import { firstVersion } from "./value/value-version.ts";

/** A signal as its values see it. */
export type Shaped = { readonly key: string; readonly shape?: Shape | undefined };

type Fit = { readonly shape: Shape | undefined; readonly entry?: PresentEntry; readonly error?: unknown };

/** Each stored value is migrated and checked once for all readers, who are given the same object each time. */
const fits = new WeakMap<Entry, Fit>();

/**
 * The value of an entry as the definition of its signal has it.
 *
 * @throws {KawaError} VALUE_TOO_NEW - it is of a later version than the definition
 * @throws {KawaError} VALUE_NOT_MIGRATED - `migrate` failed
 * @throws {KawaError} VALUE_INVALID - it does not fit the schema
 * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
 */
export function fitted({ key, shape }: Shaped, entry: PresentEntry): PresentEntry {
  if (shape === undefined && entry.version === undefined) return entry;
  let fit = fits.get(entry);
  if (!fit || fit.shape !== shape) fits.set(entry, (fit = { shape, ...fitOf(key, shape, entry) }));
  if (fit.entry) return fit.entry;
  throw fit.error;
}

/** The text of a key as browsers are sent it: of the definition's version, or what is wrong with the value. Null where there is none. */
export function shownText(signal: Shaped, entry: Entry): string | null {
  if (entry.state !== "present") return null;
  try {
    return textOf(signal.key, fitted(signal, entry));
  } catch (error) {
    if (!isKawaError(error) || !isUnfit(error) || error.code === "VALUE_UNREADABLE") throw error;
    leaveOut(signal.key, error);
    return unfitText(error.code);
  }
}

function fitOf(key: string, shape: Shape | undefined, entry: PresentEntry): Omit<Fit, "shape"> {
  try {
    const made = migrated(key, shape, entry);
    if (shape?.schema) checkStored(key, shape.schema, made);
    return { entry: made };
  } catch (error) {
    return { error };
  }
}

/** The entry as `shape` has it, unchecked. @throws {KawaError} VALUE_TOO_NEW, VALUE_NOT_MIGRATED, VALUE_UNREADABLE */
export function migrated(key: string, shape: Shape | undefined, entry: PresentEntry): PresentEntry {
  const from = versionOfEntry(entry);
  const to = shape?.version ?? firstVersion;
  if (from === to) return entry;
  if (from > to) throw tooNewError(key, from, to);
  const value = readNamed(key, () => entry.value);
  try {
    const made: unknown = shape!.migrate!(value, from);
    // It is refused, and nobody waits for it.
    if (made instanceof Promise) made.catch(() => {});
    // Encoded, it is as safe to give out as what was stored.
    return createPresentEntry(entry.seq, encodeValue(key, made, Number.POSITIVE_INFINITY, to));
  } catch (cause) {
    throw new KawaError(
      "VALUE_NOT_MIGRATED",
      `The value of "${clip(key)}" could not be migrated from version ${from} to ${to}: ${clip(cause instanceof Error ? cause.message : cause)}`,
      { cause, data: { key, version: from, defined: to } },
    );
  }
}

/** @throws {KawaError} VALUE_INVALID */
function checkStored(key: string, schema: StandardSchema, entry: PresentEntry): void {
  const value = readNamed(key, () => entry.value);
  const issues = issuesOf(schema, value);
  if (!issues) return;
  throw new KawaError(
    "VALUE_INVALID",
    `The stored value of "${clip(key)}" does not fit its schema: ${clip(issues.map(issueText).join(" "))} ` +
      `Write one that does, delete it, or give the definition a new version and migrate.`,
    { data: { key, isStored: true } },
  );
}

/** A reader does not wait: a schema that does checks writes alone. */
function issuesOf(schema: StandardSchema, value: unknown): readonly StandardIssue[] | undefined {
  try {
    const result = schema["~standard"].validate(value);
    if (!(result instanceof Promise)) return result.issues;
    result.catch(() => {});
    return undefined;
  } catch (error) {
    return [{ message: `it threw ${clip(error)}.` }];
  }
}

/** What is wrong with a value, and where. */
export function issueText({ message, path = [] }: StandardIssue): string {
  const names = path.map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return names.length === 0 ? message : `${names.join(".")}: ${message}`;
}
