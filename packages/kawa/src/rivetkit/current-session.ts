import { isKawaError } from "../core/errors.ts";
import { processState } from "../core/process-state.ts";
import type { CheckedSession } from "./revoked-sessions.ts";

/** Whose request it is, until when. */
export type CurrentSession = CheckedSession & { readonly expiresAt: number };

type ReadSession = () => Promise<CurrentSession | undefined>;

/** By the name of the cookie: a module that is evaluated once more takes its own place. */
const readers = processState("session-readers", () => new Map<string, ReadSession>());

/** Lets the rest of Kawa ask for the session of the request that is being answered. */
export function provideCurrentSession(cookieName: string, read: ReadSession): void {
  readers.set(cookieName, read);
}

/**
 * The session of the request that is being answered, where the app has made its sessions with `createSessions`; undefined outside of
 * a request.
 *
 * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it is not known whether it was revoked
 */
export async function currentSession(): Promise<CurrentSession | undefined> {
  for (const read of readers.values()) {
    try {
      const session = await read();
      if (session) return session;
    } catch (error) {
      // Anything else is Next's word that there is no request here.
      if (isKawaError(error)) throw error;
    }
  }
  return undefined;
}
