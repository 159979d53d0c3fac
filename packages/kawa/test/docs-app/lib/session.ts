import { createSessions } from "kawa/next/session";

export const sessions = createSessions<{ userId: string }>();
