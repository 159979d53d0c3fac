import { sign, verify } from "../secret/sign.ts";

const lifetimeMs = 60_000;

/** A short-lived proof, for one actor, that this process belongs to the app. */
export function issueServerToken(audience: string): string {
  return sign({ purpose: "server", audience, expiresAt: Date.now() + lifetimeMs }, "");
}

export function verifyServerToken(audience: string, token: unknown): boolean {
  return verify({ purpose: "server", audience }, token).state === "valid";
}
