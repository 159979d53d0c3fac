import { DevalueError, parse, stringify } from "devalue";
import { clip, KawaError } from "./errors.ts";
import { checkNesting, deepFreeze } from "./value-walk.ts";

/** Largest encoded value in bytes. */
export const maxValueBytes = 256 * 1024;

/**
 * Encodes a value for the store and the wire: JSON plus Date, undefined, NaN, Infinity, BigInt, Map, Set and typed arrays.
 *
 * @throws {KawaError} VALUE_UNSERIALIZABLE - the value holds a function, symbol or class instance, contains itself, or is
 *   nested too deep; names where
 * @throws {KawaError} VALUE_TOO_LARGE - the encoded value is larger than `maxBytes`
 */
export function encodeValue(key: string, value: unknown, maxBytes: number = maxValueBytes): string {
  const text = stringifyOrRefuse(key, value);
  const bytes = text.length > maxBytes / 3 ? new TextEncoder().encode(text).length : text.length;
  if (bytes > maxBytes) {
    throw new KawaError(
      "VALUE_TOO_LARGE",
      `Signal "${clip(key)}" would hold ${bytes} bytes; the limit is ${maxBytes}. Split it into a family of smaller signals.`,
      { data: { key, bytes, maxBytes } },
    );
  }
  return text;
}

/** A value of its own for each call. Its plain objects and arrays are frozen. */
export function decodeValue(text: string): unknown {
  return decode(text).value;
}

/** As {@link decodeValue}; `isFrozen` when nothing in the value can be changed, so that many may share it. */
export function decode(text: string): { readonly value: unknown; readonly isFrozen: boolean } {
  const value: unknown = parse(text);
  return { value, isFrozen: deepFreeze(value) };
}

function stringifyOrRefuse(key: string, value: unknown): string {
  try {
    checkNesting(value);
    return stringify(value);
  } catch (cause) {
    const path = cause instanceof DevalueError && cause.path ? `value${cause.path}` : "value";
    throw new KawaError(
      "VALUE_UNSERIALIZABLE",
      `Signal "${clip(key)}" cannot hold this: ${clip(cause instanceof Error ? cause.message : cause)} at ${clip(path)}. ` +
        `Store plain data (JSON, Date, Map, Set, BigInt, typed arrays) without cycles.`,
      { cause, data: { key, path } },
    );
  }
}
