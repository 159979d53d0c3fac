import { ensureSecret } from "../../rivetkit/engine/ensure-secret.ts";
import type { ChainedSession } from "../../rivetkit/identity/revoked-sessions.ts";
import { sign, verify } from "../../rivetkit/secret/sign.ts";

/** What the cookie of a visitor says, in milliseconds since the epoch where it is a time. */
export type SessionContent = ChainedSession & {
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** What the app keeps of who has signed in; undefined for a visitor. */
  readonly data: unknown;
};

/** Signed, not encrypted: the visitor can read it, and cannot change it. It is good for the cookie of this name alone. */
export function sealSession(
  cookieName: string,
  { id, chain, generation, issuedAt, expiresAt, data }: SessionContent,
): string {
  ensureSecret();
  return sign(
    { purpose: "session", audience: cookieName, expiresAt },
    JSON.stringify([id, chain, generation, issuedAt, data]),
  );
}

/** Undefined for a text that is forged, has expired, is of another cookie, or of another version of Kawa. */
export function openSession(cookieName: string, text: string | undefined): SessionContent | undefined {
  if (text === undefined) return undefined;
  ensureSecret();
  const checked = verify({ purpose: "session", audience: cookieName }, text);
  if (checked.state !== "valid") return undefined;
  const [id, chain, generation, issuedAt, data] = JSON.parse(checked.payload) as [
    string,
    string,
    number,
    number,
    unknown,
  ];
  // JSON has no undefined: in a list it becomes null.
  return { id, chain, generation, issuedAt, expiresAt: checked.expiresAt, data: data ?? undefined };
}
