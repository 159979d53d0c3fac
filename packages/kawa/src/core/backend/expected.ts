import type { Entry } from "./backend.ts";
import { type PresentEntry, versionOfEntry } from "./entry.ts";
import { clip, KawaError } from "../errors/errors.ts";

/** The number by which a conditional write names the value that it was made for: 0 stands for no value. */
export function expectedSeq(entry: Entry): number {
  return entry.state === "present" ? entry.seq : 0;
}

/** @throws {KawaError} UPDATE_CONFLICT - the value has another number */
export function checkExpected(key: string, entry: Entry, expect: number | undefined): void {
  if (expect !== undefined && expectedSeq(entry) !== expect) throw changedError(key);
}

/**
 * What a change starts from. `initial` is of the version of the definition that the change is for.
 *
 * @throws {KawaError} VALUE_TOO_NEW - the value is of a later version
 * @throws {KawaError} UPDATE_CONFLICT - it is of an earlier one, and has to be migrated first
 */
export function changeable(key: string, entry: Entry, initial: PresentEntry): PresentEntry {
  if (entry.state !== "present") return initial;
  checkVersion(key, versionOfEntry(entry), versionOfEntry(initial));
  return entry;
}

/** @throws {KawaError} as {@link changeable} */
export function checkVersion(key: string, stored: number, defined: number): void {
  if (stored < defined) throw changedError(key);
  if (stored > defined) throw tooNewError(key, stored, defined);
}

export function tooNewError(key: string, stored: number, defined: number): KawaError {
  return new KawaError(
    "VALUE_TOO_NEW",
    `"${clip(key)}" holds a value of version ${stored}, and this server defines version ${defined}. ` +
      `A newer version of the app has written it; deploy that here too.`,
    { data: { key, version: stored, defined } },
  );
}

export function changedError(key: string): KawaError {
  const message = `"${clip(key)}" has changed since it was read for this write. Nothing was written; read it again.`;
  return new KawaError("UPDATE_CONFLICT", message, { data: { key } });
}
