import { createHash } from "node:crypto";
import { isKawaError } from "../../core/errors/errors.ts";
import { currentSession } from "../../rivetkit/identity/current-session.ts";

/**
 * A tag by which a browser notices that the visitor has changed, and learns nothing else of the visitor: it changes with each sign-in and
 * sign-out. `given` is what the app says, where the login is its own. Undefined while that is unknown.
 */
export async function identityTag(given?: string): Promise<string | undefined> {
  try {
    const identity = given ?? (await currentSession())?.id;
    return identity === undefined
      ? ""
      : createHash("sha256").update(`kawa identity ${identity}`).digest("base64url").slice(0, 16);
  } catch (error) {
    // A page that needs no session is shown while the actor is away.
    if (isKawaError(error)) return undefined;
    throw error;
  }
}
