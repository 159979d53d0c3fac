/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return typeof Buffer === "function" ? Buffer.byteLength(text) : new TextEncoder().encode(text).length;
}

/** Base64 of exactly the bytes of `view`, and of nothing else that its buffer holds. */
export function toBase64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  if (typeof Buffer === "function")
    return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let binary = "";
  // More arguments than this may overflow the stack.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** Bytes in a buffer of their own, of exactly their size; undefined for what {@link toBase64} does not write. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    // A small Buffer is a part of a pool, which others use too.
    const bytes =
      typeof Buffer === "function"
        ? new Uint8Array(Buffer.from(text, "base64"))
        : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
