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
  // In parts: more arguments may overflow the stack.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** Bytes in a buffer of their own, of exactly their size; undefined for what {@link toBase64} does not write. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    // Copied: a small Buffer is a part of a pool, which others use too.
    const bytes =
      typeof Buffer === "function"
        ? new Uint8Array(Buffer.from(text, "base64"))
        : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of `count` elements of `size` bytes each, from byte `from` on; undefined where they are not all there. */
export function partOf(
  bytes: Uint8Array<ArrayBuffer>,
  { from, count, size }: { readonly from: unknown; readonly count: unknown; readonly size: number },
): Uint8Array<ArrayBuffer> | undefined {
  const start = from ?? 0;
  const length = count ?? (bytes.byteLength - Number(start)) / size;
  if (!isCount(start) || !isCount(length)) return undefined;
  const end = start + length * size;
  return end <= bytes.byteLength && start % size === 0 ? bytes.subarray(start, end) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
