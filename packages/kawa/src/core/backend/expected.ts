import type { Entry } from "./backend.ts";
import { clip, KawaError } from "../errors/errors.ts";

/** The number by which a conditional write names the value that it was made for: 0 stands for no value. */
export function expectedSeq(entry: Entry): number {
  return entry.state === "present" ? entry.seq : 0;
}

/** @throws {KawaError} UPDATE_CONFLICT - the value has another number */
export function checkExpected(key: string, entry: Entry, expect: number | undefined): void {
  if (expect !== undefined && expectedSeq(entry) !== expect) throw changedError(key);
}

export function changedError(key: string): KawaError {
  const message = `"${clip(key)}" has changed since it was read for this write. Nothing was written; read it again.`;
  return new KawaError("UPDATE_CONFLICT", message, { data: { key } });
}
