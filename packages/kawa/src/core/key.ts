import { clip, KawaError, show } from "./errors.ts";

/** Longest key in UTF-8 bytes. */
export const maxKeyBytes = 512;

/**
 * Joins the parts of a key with `:` and checks the result.
 *
 * @throws {KawaError} KEY_INVALID - a segment is empty, or the key is longer than 512 bytes
 */
export function composeKey(prefix: string, key: string): string {
  const whole = prefix === "" ? key : `${prefix}:${key}`;
  checkKey(whole);
  return whole;
}

export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== "string" || key === "") {
    throw new KawaError("KEY_INVALID", `A key must be a non-empty string, not ${show(key)}.`);
  }
  if (key.startsWith(":") || key.endsWith(":") || key.includes("::")) {
    throw new KawaError("KEY_INVALID", `Key "${clip(key)}" has an empty segment; write "a:b", not "a::b".`);
  }
  if (key.includes("\0")) {
    throw new KawaError("KEY_INVALID", `Key "${clip(key)}" contains a NUL character; remove it.`);
  }
  if (key.length > maxKeyBytes / 4 && new TextEncoder().encode(key).length > maxKeyBytes) {
    throw new KawaError("KEY_INVALID", `Key "${clip(key)}" is longer than ${maxKeyBytes} bytes; shorten it.`);
  }
}
