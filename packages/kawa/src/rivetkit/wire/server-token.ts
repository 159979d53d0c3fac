import { sign, verify } from "../secret/sign.ts";
import type { Expected } from "../secret/token.ts";

const lifetimeMs = 60_000;

/**
 * A short-lived proof, for one actor, that this process belongs to the app.
 *
 * @param challenge what the actor asks for where the first proof has expired by its clock
 */
export function issueServerToken(audience: string, challenge?: string): string {
  return sign({ ...claimsOf(audience, challenge), expiresAt: Date.now() + lifetimeMs }, "");
}

/** An answer to a challenge proves itself, whatever the clocks say. */
export function checkServerToken(
  audience: string,
  token: unknown,
  challenge?: string,
): "valid" | "expired" | "invalid" {
  const { state } = verify(claimsOf(audience, challenge), token);
  return state === "expired" && challenge !== undefined ? "valid" : state;
}

function claimsOf(audience: string, challenge: string | undefined): Expected {
  return { purpose: "server", audience: challenge === undefined ? audience : `${audience} ${challenge}` };
}
