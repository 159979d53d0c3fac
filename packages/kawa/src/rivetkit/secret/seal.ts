import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
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

const algorithm = "aes-256-gcm";
const nonceBytes = 16;
const ivBytes = 12;
const tagBytes = 16;

export type SealOptions = {
  /** Equal contents have equal tokens, so a bearer of two can tell that they are equal. @default false */
  readonly isDeterministic?: boolean;
};

/**
 * A token that its bearer can neither read nor change. It is made with the current secret.
 *
 * @throws {KawaError} SECRET_MISSING - there is no secret, or it is too short
 */
export function seal(claims: Claims, payload: string, { isDeterministic = false }: SealOptions = {}): string {
  const keys = keyring()[0]!;
  const bound = boundTo(claims);
  const content = encodeContent(claims.expiresAt, payload);
  const nonce = isDeterministic ? nonceOf(keys, claims, content) : randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyFor(keys, claims, nonce), nonce.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  cipher.setAAD(bound);
  return Buffer.concat([keys.id, nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]).toString(
    "base64url",
  );
}

/**
 * Reads what {@link seal} made for this purpose and audience.
 *
 * @throws {KawaError} SECRET_MISSING - there is no secret, or it is too short
 */
export function open(expected: Expected, text: unknown): Checked {
  const known = keyring();
  const bytes = decodeText(text);
  if (!bytes || bytes.length < keyIdBytes + nonceBytes + tagBytes) return invalid;
  for (const keys of known) {
    const content = bytes.subarray(0, keyIdBytes).equals(keys.id)
      ? decrypt(keys, expected, bytes.subarray(keyIdBytes))
      : undefined;
    if (content) return checkContent(content);
  }
  return invalid;
}

function decrypt(keys: SecretKeys, expected: Expected, bytes: Buffer): Buffer | undefined {
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv(algorithm, keyFor(keys, expected, nonce), nonce.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(boundTo(expected));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    // The token was changed, or made for another purpose or audience.
    return undefined;
  }
}

/** Each nonce has a key of its own: 16 random bytes meet again so seldom that servers need not count their tokens. */
function keyFor(keys: SecretKeys, { purpose }: Expected, nonce: Buffer): Buffer {
  return createHmac("sha256", keys.of(`${purpose} seal`))
    .update(nonce)
    .digest();
}

function nonceOf(keys: SecretKeys, bound: Expected, content: Buffer): Buffer {
  return createHmac("sha256", keys.of(`${bound.purpose} nonce`))
    .update(boundTo(bound))
    .update("\n")
    .update(content)
    .digest()
    .subarray(0, nonceBytes);
}
