import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import { createPresentEntry } from "../../core/backend/entry.ts";
import { tooNewError } from "../../core/backend/expected.ts";
import { migrated } from "../../core/fit-value.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { type CommutingChange, decodeChange } from "../../core/value/commuting.ts";
import { isUnfit } from "../../core/value/unreadable.ts";
import { decodeValue, encodeValue, maxValueBytes } from "../../core/value/value.ts";
import { firstVersion, versionOfText } from "../../core/value/value-version.ts";
import { checkValue } from "./check-value.ts";
import { invalid } from "./invalid-write.ts";

/** The change that a browser sends. @throws {KawaError} REQUEST_INVALID - it is none */
export function changeIn(text: string): CommutingChange {
  try {
    return decodeChange(text, Math.max(maxValueBytes, text.length));
  } catch {
    throw invalid("its change is malformed");
  }
}

/** A change is made for one version of values. @throws {KawaError} VALUE_TOO_NEW - the page is of another build */
export function checkVersion({ key, shape }: BackedSignal<unknown>, version: number = firstVersion): void {
  const defined = shape?.version ?? firstVersion;
  if (version !== defined) throw tooNewError(key, version, defined);
}

/**
 * What the signal's schema makes of the value that a browser sends; undefined where it deletes.
 *
 * @throws {KawaError} VALUE_INVALID, VALUE_TOO_LARGE, VALUE_TOO_NEW, VALUE_NOT_MIGRATED, REQUEST_INVALID - it cannot be saved
 */
export async function valueOf(signal: BackedSignal<unknown>, text: string | null): Promise<unknown> {
  return text === null ? undefined : checkValue(signal, decode(signal, text));
}

/** What the key holds when the write was applied. */
export async function textAfter(
  signal: BackedSignal<unknown>,
  { text = null }: { readonly text?: string | null | undefined },
): Promise<string | null> {
  if (text === null) return null;
  return encodeValue(signal.key, await valueOf(signal, text), undefined, signal.shape?.version);
}

/** A page of an earlier build writes values of an earlier version. A short text may stand for a large value. */
function decode({ key, shape }: BackedSignal<unknown>, text: string): unknown {
  const maxBytes = Math.max(maxValueBytes, text.length);
  try {
    const value = decodeValue(text, maxBytes);
    return versionOfText(text) === (shape?.version ?? firstVersion)
      ? value
      : migrated(key, shape, createPresentEntry(0, text)).value;
  } catch (error) {
    if (isKawaError(error) && isUnfit(error) && error.code !== "VALUE_UNREADABLE") throw error;
    if (!isKawaError(error, "VALUE_UNREADABLE") || error.data["isTooLarge"] !== true)
      throw invalid("its value is malformed");
    throw new KawaError(
      "VALUE_TOO_LARGE",
      `The value that a browser wrote to "${clip(key)}" expands to more than ${maxBytes} bytes.`,
    );
  }
}
