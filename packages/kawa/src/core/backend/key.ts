import { clip, KawaError, show } from "../errors/errors.ts";

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
  if (key.includes(internalMark)) {
    throw new KawaError("KEY_INVALID", `Key "${clip(key)}" contains a NUL character; remove it.`);
  }
  if (!key.isWellFormed()) {
    throw new KawaError(
      "KEY_INVALID",
      `Key ${show(key)} has a lone surrogate, half of a character, which storages do not keep; cut text between characters.`,
    );
  }
  if (key.length > maxKeyBytes / 4 && new TextEncoder().encode(key).length > maxKeyBytes) {
    throw new KawaError("KEY_INVALID", `Key "${clip(key)}" is longer than ${maxKeyBytes} bytes; shorten it.`);
  }
}

/** Keys that begin with it are Kawa's own: no key of a signal contains it. */
export const internalMark = "\0";

const streamPrefix = `${internalMark}stream:`;

/** Key under which a backend keeps the last value of an inline stream. */
export function streamKey(scope: string): string {
  return streamPrefix + scope;
}

/** Scope of an inline stream's key; undefined for the key of a signal. */
export function streamScope(key: string): string | undefined {
  return key.startsWith(streamPrefix) ? key.slice(streamPrefix.length) : undefined;
}

const serverPrefix = `${internalMark}server:`;

/** Key of what the servers of an app keep for themselves: no hook of the app is asked about it, and no client reaches it. */
export function serverKey(name: string): string {
  return serverPrefix + name;
}

export function isServerKey(key: string): boolean {
  return key.startsWith(serverPrefix);
}

/** True for keys of the store itself, of inline streams and of lists of members. */
export function isInternal(key: string): boolean {
  return key.startsWith(internalMark);
}

/** True for the keys that a list of `prefix` has and a clear of it deletes: internal ones only where the prefix is one. */
export function isUnder(prefix: string, key: string): boolean {
  return key.startsWith(prefix) && (isInternal(prefix) || !isInternal(key));
}
