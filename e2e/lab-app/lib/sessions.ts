import { createSessions } from "kawa/next/session";

export const sessions = createSessions<{ readonly userId: string }>();
