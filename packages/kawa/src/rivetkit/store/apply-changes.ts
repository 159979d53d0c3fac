import { isKawaError } from "../../core/errors/errors.ts";
import { applyChange, type CommutingChange, decodeChange } from "../../core/value/commuting.ts";
import { readNamed } from "../../core/value/unreadable.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { ChangeResults, ReplyError } from "../wire/protocol.ts";
import { checkVersion } from "../../core/backend/expected.ts";
import { versionOfText } from "../../core/value/value-version.ts";
import { toReplyError } from "../wire/refusal.ts";

export type ToChange = {
  readonly key: string;
  /** What the key holds; null where it has no value. */
  readonly before: string | null;
  /** What the changes start from there. It is of the version of the definition that they are for, as is the result. */
  readonly initial: string;
  /** Encoded changes, in order. */
  readonly changes: readonly string[];
  readonly maxBytes: number;
};

type Results = ChangeResults[1];

/** So many results that are too large are measured; what else would add to the value is then refused as the last of them. */
const maxTooLarge = 4;

/** Why the first of some changes that was refused was. */
export function refusalIn(results: Results): ReplyError | undefined {
  return results.find((one): one is ReplyError => typeof one === "object" && one !== null);
}

/** True for a refusal that tells of the version of a value, and nothing of the value. */
export function isOfVersion({ code }: ReplyError): boolean {
  return code === "UPDATE_CONFLICT" || code === "VALUE_TOO_NEW";
}

/** Applies the changes of one key one after the other; `text` is undefined where all of them are refused. */
export function applyChanges(given: ToChange): { readonly text: string | undefined; readonly results: Results } {
  const { key, initial, maxBytes } = given;
  // To write out a long value takes longer than all else, so that happens once, unless the last result cannot be stored.
  const all = applyEach(given, () => {});
  if (!all.made) return { text: undefined, results: all.results };
  try {
    return { text: encodeValue(key, all.made.value, maxBytes, versionOfText(initial)), results: all.results };
  } catch {
    return applyMeasured(given);
  }
}

function applyMeasured(given: ToChange): { readonly text: string | undefined; readonly results: Results } {
  const { key, initial, maxBytes } = given;
  let text: string | undefined;
  let tooLarge = 0;
  let refusal: unknown;
  const { results } = applyEach(given, (value, change) => {
    if (tooLarge >= maxTooLarge && ("append" in change || "merge" in change)) throw refusal;
    try {
      text = encodeValue(key, value, maxBytes, versionOfText(initial));
    } catch (error) {
      tooLarge += 1;
      throw (refusal = error);
    }
  });
  return { text, results };
}

function applyEach(
  { key, before, initial, changes }: ToChange,
  check: (value: unknown, change: CommutingChange) => void,
): { readonly made: { readonly value: unknown } | undefined; readonly results: Results } {
  let start: { readonly value: unknown } | undefined;
  let made: { readonly value: unknown } | undefined;
  const results = changes.map((encoded) => {
    try {
      const change = decodeChange(encoded);
      start ??= startOf(key, before, initial);
      const value = applyChange(key, (made ?? start).value, change);
      check(value, change);
      made = { value };
      return typeof value === "number" ? value : null;
    } catch (error) {
      // Whatever is wrong with one of them must not hold up the batches of others.
      if (!isKawaError(error)) console.error("[kawa] A change could not be applied:", error);
      return toReplyError(error);
    }
  });
  return { made, results };
}

function startOf(key: string, before: string | null, initial: string): { readonly value: unknown } {
  if (before !== null) checkVersion(key, versionOfText(before), versionOfText(initial));
  return { value: readNamed(key, () => decodeValue(before ?? initial)) };
}
