import { isKawaError, type KawaErrorCode } from "../../core/errors.ts";
import { decodeValue, encodeValue } from "../../core/value.ts";
import { signText, verifyText } from "../../rivetkit/server-token.ts";

const maxPropsBytes = 8 * 1024;
const dayMs = 86_400_000;
/** A page that stays open gets new tokens with each render of its route. */
const lifetimeDays = 2;

const expectedCodes: ReadonlySet<KawaErrorCode> = new Set(["VALUE_UNSERIALIZABLE", "VALUE_TOO_LARGE", "SECRET_MISSING"]);

export type Fragment = { readonly id: string; readonly props: object };

/**
 * Names a component and its props to the browser, which brings it back to have them rendered again: it may look into it, and
 * cannot change it. Undefined when the props are no plain data or too large, and while the servers have no secret in common.
 */
export function signFragment({ id, props }: Fragment): string | undefined {
  try {
    const text = encodeValue(id, props, maxPropsBytes);
    return signText("fragment", Buffer.from(JSON.stringify([id, text, today()])).toString("base64url"));
  } catch (error) {
    if (isKawaError(error) && expectedCodes.has(error.code)) return undefined;
    throw error;
  }
}

/** What {@link signFragment} has signed not too long ago, else undefined. */
export function verifyFragment(token: string): Fragment | undefined {
  try {
    const payload = verifyText("fragment", token);
    if (payload === undefined) return undefined;
    const [id, text, day] = JSON.parse(Buffer.from(payload, "base64url").toString()) as [string, string, number];
    return today() - day <= lifetimeDays ? { id, props: decodeValue(text) as object } : undefined;
  } catch (error) {
    // The props of an older version may hold what is no value any more.
    if (isKawaError(error, "SECRET_MISSING") || isKawaError(error, "VALUE_UNREADABLE")) return undefined;
    throw error;
  }
}

/** Equal fragments have equal tokens, for as long as a day lasts. */
function today(): number {
  return Math.floor(Date.now() / dayMs);
}
