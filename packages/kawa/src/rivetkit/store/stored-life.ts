import { KawaError } from "../../core/errors/errors.ts";
import { asMembers, type Members } from "../../core/backend/members.ts";
import { leaveOut, readNamed } from "../../core/value/unreadable.ts";
import { decodeValue } from "../../core/value/value.ts";
import type { Life } from "./member-groups.ts";

/** No encoded value begins with it. */
const mark = "~";

/** What a storage holds of an ephemeral value: its life, and then its text. So both are one row. */
export function writeLife(life: Life | undefined, text: string): string {
  return life ? `${mark}${life[0]},${life[1]}${mark}${text}` : text;
}

export function readLife(stored: string | null): readonly [life: Life | undefined, text: string | null] {
  // Somebody may have written the row by hand.
  if (typeof stored !== "string" || !stored.startsWith(mark)) return [undefined, stored];
  const end = stored.indexOf(mark, 1);
  const [ttlMs, order] = stored.slice(1, end).split(",").map(Number);
  const isLife = end > 0 && ttlMs! > 0 && Number.isSafeInteger(order);
  return isLife ? [[ttlMs!, order!], stored.slice(end + 1)] : [undefined, stored];
}

const none = { ttlMs: 0, ids: [] };

/** A list of an earlier version. A row that was written by hand may be no list; it must not keep the actor from starting. */
export function listIn(key: string, text: string): Members & { readonly ttlMs: number } {
  try {
    return readNamed(key, () => {
      const value = decodeValue(text) as { readonly ttlMs?: unknown } | null;
      const members = asMembers(value);
      const ttlMs = members && value?.ttlMs;
      if (typeof ttlMs !== "number") throw new KawaError("VALUE_UNREADABLE", "A stored value is no list of members.");
      return { ttlMs, ids: members!.ids };
    });
  } catch (error) {
    if (leaveOut(key, error)) return none;
    throw error;
  }
}
