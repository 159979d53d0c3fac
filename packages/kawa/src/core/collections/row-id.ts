import { KawaError, show } from "../errors/errors.ts";

/** The last segment of the key of a row. */
const pattern = /^[!-9;-~]{1,128}$/;

/** True for what names a row: 1 to 128 printable characters of ASCII without a space and a colon. */
function isRowId(id: unknown): id is string {
  return typeof id === "string" && pattern.test(id);
}

/** @throws {KawaError} KEY_INVALID - it cannot be the id of a row */
export function checkRowId(id: unknown): asserts id is string {
  if (isRowId(id)) return;
  throw new KawaError(
    "KEY_INVALID",
    `The id of a row must be 1 to 128 printable characters of ASCII without spaces and colons, not ${show(id)}.`,
  );
}

let last = 0;

/** An id as of UUID version 7: those of one process, and those of different milliseconds, are in the order in which they were made. */
export function newRowId(now: number = Date.now()): string {
  // 48 bits of time and 12 that count within a millisecond.
  last = Math.max(last + 1, now * 4_096);
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  // The bits of the variant.
  bytes[0] = (bytes[0]! & 0x3f) | 0x80;
  const random = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = Math.floor(last / 4_096)
    .toString(16)
    .padStart(12, "0");
  const count = (last % 4_096).toString(16).padStart(3, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${random.slice(0, 4)}-${random.slice(4)}`;
}

/** The prefix of the collection that a row with this key would be of, and its id. Undefined where no row has such a key. */
export function rowOf(key: string): { readonly collection: string; readonly id: string } | undefined {
  const at = key.lastIndexOf(":");
  const id = key.slice(at + 1);
  return at > 0 && isRowId(id) ? { collection: key.slice(0, at), id } : undefined;
}
