import { clip, KawaError } from "../errors/errors.ts";
import * as decoder from "./value-decoder.ts";
import { encode } from "./value-encoder.ts";
import { type DecodedValue, type EncodedValue, maxExpandedBytes } from "./value-format.ts";
import { firstVersion, versionOfText } from "./value-version.ts";
import { ValueRefusal } from "./value-refusal.ts";

/** Largest encoded value in bytes. */
export const maxValueBytes = 256 * 1024;

/** A value that is too large is encoded up to this size, to say how large it is. */
const maxMeasuredBytes = 64 * 1024 * 1024;

/**
 * Encodes a value for the store and the wire: JSON plus Date, undefined, NaN, Infinity, -0, BigInt, Map, Set, typed arrays and
 * ArrayBuffer, and nothing else. What is given back is equal in every part. The text names its `version`, unless that is the first one.
 *
 * @throws {KawaError} VALUE_UNSERIALIZABLE - the value holds something else, contains itself, or is nested too deep; names where
 * @throws {KawaError} VALUE_TOO_LARGE - the encoded value is larger than `maxBytes`, counted as if nothing in it were shared
 * @see docs/values.md
 */
export function encodeValue(
  key: string,
  value: unknown,
  maxBytes: number = maxValueBytes,
  version: number = firstVersion,
): string {
  const { text, bytes, expandedBytes } = encodeOrRefuse(key, value, { maxBytes, version });
  const size = Math.max(bytes, expandedBytes);
  // A reader does not know `maxBytes`.
  const limit = Math.min(maxBytes, Math.max(bytes, maxExpandedBytes(text.length)));
  if (size > limit) throw tooLarge(key, { bytes: size, maxBytes: limit });
  return text;
}

/**
 * A value of its own for each call. Its plain objects and arrays are frozen.
 *
 * @throws {KawaError} VALUE_UNREADABLE - `text` is of no value that a signal may hold
 */
export function decodeValue(text: string, maxBytes?: number): unknown {
  return decode(text, maxBytes).value;
}

/** Another text of the same value, of this version. */
export function withVersion(key: string, text: string, version: number): string {
  return versionOfText(text) === version
    ? text
    : encodeValue(key, decodeValue(text), Number.POSITIVE_INFINITY, version);
}

/** Text of the value `undefined`. */
export const undefinedText: string = encodeValue("undefined", undefined);

/** As {@link decodeValue}; `isFrozen` when nothing in the value can be changed, so that many may share it. */
export function decode(text: string, maxBytes: number = maxExpandedBytes(text.length)): DecodedValue {
  try {
    return decoder.decode(text, maxBytes);
  } catch (cause) {
    if (!(cause instanceof ValueRefusal)) throw cause;
    const { path, isTooLarge } = cause;
    const message = `A stored value cannot be read: ${clip(cause.message)}, at ${clip(path)}. Write another one with set(), or delete it.`;
    throw new KawaError("VALUE_UNREADABLE", message, { cause, data: { path, isTooLarge } });
  }
}

type EncodeOptions = { readonly maxBytes: number; readonly version: number };

function encodeOrRefuse(key: string, value: unknown, { maxBytes, version }: EncodeOptions): EncodedValue {
  // More than is allowed, to say how large the value is.
  const measuredBytes = Math.min(maxMeasuredBytes, Math.max(maxBytes, 4 * maxBytes));
  try {
    return encode(value, measuredBytes, version);
  } catch (cause) {
    if (!(cause instanceof ValueRefusal)) throw cause;
    if (cause.isTooLarge) throw tooLarge(key, { bytes: measuredBytes, maxBytes, isMore: true });
    throw new KawaError(
      "VALUE_UNSERIALIZABLE",
      `Signal "${clip(key)}" cannot hold this: ${cause.message} at ${clip(cause.path)}. ` +
        `Values are JSON, undefined, Date, Map, Set, BigInt, typed arrays and ArrayBuffer.`,
      { cause, data: { key, path: cause.path } },
    );
  }
}

function tooLarge(
  key: string,
  { bytes, maxBytes, isMore = false }: { bytes: number; maxBytes: number; isMore?: boolean },
): KawaError {
  return new KawaError(
    "VALUE_TOO_LARGE",
    `Signal "${clip(key)}" would hold ${isMore ? "more than " : ""}${bytes} bytes, counted as if nothing in it were shared; ` +
      `the limit is ${maxBytes}. Split it into a family of smaller signals.`,
    { data: { key, bytes, maxBytes } },
  );
}
