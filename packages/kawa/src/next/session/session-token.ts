import { ensureSecret } from "../../rivetkit/ensure-secret.ts";
import { signText, verifyText } from "../../rivetkit/server-token.ts";

/** What the cookie of a visitor says, in milliseconds since the epoch where it is a time. */
export type SessionContent = {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** What the app keeps of who has signed in; undefined for a visitor. */
  readonly data: unknown;
};

/** Sessions of another format are none. */
const version = 1;

/** Signed, not encrypted: the visitor can read it, and cannot change it. */
export function sealSession({ id, issuedAt, expiresAt, data }: SessionContent): string {
  ensureSecret();
  const payload = JSON.stringify([version, id, issuedAt, expiresAt, data]);
  return signText("session", Buffer.from(payload).toString("base64url"));
}

/** Undefined for a text that is forged, has expired, or is of another version of Kawa. */
export function openSession(text: string | undefined, now: number): SessionContent | undefined {
  if (text === undefined) return undefined;
  ensureSecret();
  const payload = verifyText("session", text);
  if (payload === undefined) return undefined;
  const [writtenBy, id, issuedAt, expiresAt, data] = JSON.parse(Buffer.from(payload, "base64url").toString()) as unknown[];
  if (writtenBy !== version || (expiresAt as number) <= now) return undefined;
  // JSON has no undefined: in a list it becomes null.
  return { id: id as string, issuedAt: issuedAt as number, expiresAt: expiresAt as number, data: data ?? undefined };
}
