import { createSessions } from "kawa/next/session";

// The middleware imports this file: keep the database and everything else that is large out of it.

/** `sessions.signIn({ userId })` in a server action signs a visitor in; docs/sessions.md has more. */
export const sessions = createSessions<{ readonly userId: string }>();

/** Who acts, as the hooks of our actors are told. A guest has no `userId`. */
export type Identity = { readonly userId?: string | undefined };

export async function currentIdentity(): Promise<Identity> {
  return { userId: (await sessions.read())?.data?.userId };
}
