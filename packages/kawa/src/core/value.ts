import { DevalueError, parse, stringify } from "devalue";
import { clip, KawaError } from "./errors.ts";

/** Largest encoded value in bytes. */
export const maxValueBytes = 256 * 1024;

/**
 * Encodes a value for the store and the wire: JSON plus Date, undefined, NaN, Infinity, BigInt, Map, Set and typed arrays.
 *
 * @throws {KawaError} VALUE_UNSERIALIZABLE - the value holds a function, symbol or class instance; names where
 * @throws {KawaError} VALUE_TOO_LARGE - the encoded value is larger than {@link maxValueBytes}
 */
export function encodeValue(key: string, value: unknown): string {
  let text: string;
  try {
    text = stringify(value);
  } catch (cause) {
    const at = cause instanceof DevalueError && cause.path ? `value${cause.path}` : "value";
    throw new KawaError(
      "VALUE_UNSERIALIZABLE",
      `Signal "${clip(key)}" cannot hold this: ${clip(cause instanceof Error ? cause.message : cause)} at ${at}. ` +
        `Store plain data (JSON, Date, Map, Set, BigInt, typed arrays).`,
      { cause, data: { key, path: at } },
    );
  }
  const bytes = text.length > maxValueBytes / 3 ? new TextEncoder().encode(text).length : text.length;
  if (bytes > maxValueBytes) {
    throw new KawaError(
      "VALUE_TOO_LARGE",
      `Signal "${clip(key)}" would hold ${bytes} bytes; the limit is ${maxValueBytes}. Split it into a family of smaller signals.`,
      { data: { key, bytes, maxBytes: maxValueBytes } },
    );
  }
  return text;
}

export function decodeValue(text: string): unknown {
  return parse(text);
}
