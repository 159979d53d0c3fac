import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { asInRequest, nextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import type { CheckedSession } from "./revoked-sessions.ts";

/** The session of a request, and when it expires. */
export type CurrentSession = CheckedSession & { readonly expiresAt: number };

type ReadSession = () => Promise<CurrentSession | undefined>;

/** The reader of each cookie, by its name: a module that is evaluated again replaces its own reader. */
const readers = processState("session-readers", () => new Map<string, ReadSession>());

/** Lets the rest of Kawa ask for the session of the request that is being answered. */
export function provideCurrentSession(cookieName: string, read: ReadSession): void {
  readers.set(cookieName, read);
}

/**
 * The session of the request that is being answered, where the app has made its sessions with `createSessions`; undefined outside of
 * a request.
 *
 * @throws {KawaError} CONTEXT_UNAVAILABLE - Next does not let the request be read here, as in a function whose result it keeps
 * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it is not known whether it was revoked
 */
export async function currentSession(): Promise<CurrentSession | undefined> {
  for (const read of readers.values()) {
    try {
      const session = await asInRequest(read);
      if (session) return session;
    } catch (error) {
      if (isKawaError(error) || isOfNext(error)) throw error;
      // Outside of what Next runs there is no request. Elsewhere there is one that cannot be asked here.
      if (!nextWork()?.unit) continue;
      throw new KawaError("CONTEXT_UNAVAILABLE", `The session of the request cannot be read here: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
  return undefined;
}

/** True for an error that Next throws to end a prerender: it has a digest. */
function isOfNext(error: unknown): boolean {
  return typeof error === "object" && error !== null && "digest" in error;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
