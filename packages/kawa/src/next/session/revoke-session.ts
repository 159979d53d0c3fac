import { revokedSessions } from "../../rivetkit/identity/revoked-sessions.ts";
import { longestSessionMs } from "./longest-session.ts";

/**
 * Ends a session on every server before its time: it counts as none, and its open streams end, so that its tabs are rendered
 * again. For a session that signs out in its own browser use `signOut`. With sessions of your own, whose ids you give to
 * `createReactiveRoute`, it ends their streams. It holds for at least as long as a session of `createSessions` lives: a copy of its
 * cookie may have been renewed since.
 *
 * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it is not confirmed
 * @example
 * await revokeSession(session.id, { expiresAt: session.expiresAt });
 */
export async function revokeSession(id: string, { expiresAt }: { readonly expiresAt: number }): Promise<void> {
  await revokedSessions().revoke(id, Math.max(expiresAt, Date.now() + longestSessionMs()));
}
