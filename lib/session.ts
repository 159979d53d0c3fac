import { createSessions } from "kawa/next/session";
import { type Account, findAccount } from "./accounts";
import type { Identity } from "./identity";

// The middleware imports this file: keep the database and everything else that is large out of it.

/** The cookie says who has signed in; what they may do is looked up each time. */
export const sessions = createSessions<{ readonly userId: string }>();

/** Undefined for a guest. */
export async function currentAccount(): Promise<Account | undefined> {
  return findAccount((await sessions.read())?.data?.userId);
}

/**
 * Who acts in the request that is being answered. A login of your own goes here. With Auth.js, for example:
 *
 *     const session = await auth();
 *     return { userId: session?.user?.id, isAdmin: session?.user?.role === "admin" };
 *
 * docs/sessions.md has more, and what then becomes of `sessions`.
 */
export async function currentIdentity(): Promise<Identity> {
  const account = await currentAccount();
  return { userId: account?.id, isAdmin: account?.isAdmin ?? false };
}
