import type { Purpose } from "./shared-secret.ts";

/** The claims that every token makes. */
export type Claims = {
  readonly purpose: Purpose;
  /** Who takes it: the address of an actor, the name of a cookie, the id of a session. Another one refuses it. */
  readonly audience: string;
  /** When the token expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
};

/** The claims that the reader of a token expects. */
export type Expected = Pick<Claims, "purpose" | "audience">;

/** `invalid`: forged, made for another purpose or audience, or with a secret that this process does not know. */
export type Checked =
  | { readonly state: "valid"; readonly payload: string; readonly expiresAt: number }
  | { readonly state: "expired" }
  | { readonly state: "invalid" };

export const invalid: Checked = { state: "invalid" };

/** Tokens of another format are invalid. */
const formatVersion = 2;

const expiryBytes = 6;
/** Longer than any token: a client must not make a server decode megabytes. */
const maxTextLength = 96 * 1024;

/** Expiry and payload, as tokens hold them. */
export function encodeContent(expiresAt: number, payload: string): Buffer {
  const expiry = Buffer.alloc(expiryBytes);
  expiry.writeUIntBE(Math.min(Math.max(0, Math.floor(expiresAt)), 2 ** 48 - 1), 0, expiryBytes);
  return Buffer.concat([expiry, Buffer.from(payload)]);
}

export function checkContent(content: Buffer): Checked {
  if (content.length < expiryBytes) return invalid;
  const expiresAt = content.readUIntBE(0, expiryBytes);
  if (expiresAt <= Date.now()) return { state: "expired" };
  return { state: "valid", payload: content.toString("utf8", expiryBytes), expiresAt };
}

/** Purpose and audience. A token is signed with them and does not contain them. */
export function boundTo({ purpose, audience }: Expected): Buffer {
  return Buffer.from(JSON.stringify([formatVersion, purpose, audience]));
}

/** Undefined for what is not exactly the text of some bytes. */
export function decodeText(text: unknown): Buffer | undefined {
  if (typeof text !== "string" || text.length > maxTextLength) return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
