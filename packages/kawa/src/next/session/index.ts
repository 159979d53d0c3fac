export { createSessions, type Session, type Sessions, type SessionsOptions } from "./create-sessions.ts";
export { revokeSession } from "./revoke-session.ts";
