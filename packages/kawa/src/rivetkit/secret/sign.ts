import { createHmac, timingSafeEqual } from "node:crypto";
import { keyIdBytes, keyring, type SecretKeys } from "./shared-secret.ts";
import {
  boundTo,
  checkContent,
  type Checked,
  type Claims,
  decodeText,
  encodeContent,
  type Expected,
  invalid,
} from "./token.ts";

const macBytes = 32;
const signatureBytes = keyIdBytes + macBytes;
/** How many secrets a token may be signed with. */
const maxSignatures = 8;

/**
 * A token that its bearer can read and cannot change. It is signed with every secret of this process: while a secret is replaced,
 * servers that know only one of the two take it too.
 *
 * @throws {KawaError} SECRET_MISSING - there is no secret, or it is too short
 */
export function sign(claims: Claims, payload: string): string {
  const content = encodeContent(claims.expiresAt, payload);
  const signatures = keyring()
    .slice(0, maxSignatures)
    .map((keys) => Buffer.concat([keys.id, macOf(keys, claims, content)]));
  return `${content.toString("base64url")}.${Buffer.concat(signatures).toString("base64url")}`;
}

/**
 * Reads what {@link sign} made for this purpose and audience.
 *
 * @throws {KawaError} SECRET_MISSING - there is no secret, or it is too short
 */
export function verify(expected: Expected, text: unknown): Checked {
  const keys = keyring();
  if (typeof text !== "string") return invalid;
  const dot = text.indexOf(".");
  const content = decodeText(text.slice(0, dot));
  const signatures = decodeText(text.slice(dot + 1));
  if (dot < 0 || !content || !signatures || !isWhole(signatures)) return invalid;
  return keys.some((known) => isSignedWith(known, expected, content, signatures)) ? checkContent(content) : invalid;
}

/** True for whole signatures, none of them twice. */
function isWhole(signatures: Buffer): boolean {
  const { length } = signatures;
  if (length === 0 || length % signatureBytes !== 0 || length > maxSignatures * signatureBytes) return false;
  const ids = Array.from({ length: length / signatureBytes }, (_, n) =>
    signatures.toString("hex", n * signatureBytes, n * signatureBytes + keyIdBytes),
  );
  return new Set(ids).size === ids.length;
}

function isSignedWith(keys: SecretKeys, expected: Expected, content: Buffer, signatures: Buffer): boolean {
  for (let at = 0; at < signatures.length; at += signatureBytes) {
    const macAt = at + keyIdBytes;
    if (!signatures.subarray(at, macAt).equals(keys.id)) continue;
    if (timingSafeEqual(signatures.subarray(macAt, at + signatureBytes), macOf(keys, expected, content))) return true;
  }
  return false;
}

function macOf(keys: SecretKeys, bound: Expected, content: Buffer): Buffer {
  return createHmac("sha256", keys.of(`${bound.purpose} sign`))
    .update(boundTo(bound))
    .update("\n")
    .update(content)
    .digest();
}
