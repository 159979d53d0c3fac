import type { ReactElement } from "react";
import { sessions } from "../../lib/sessions.ts";
import { signIn, signOut } from "./actions.ts";

/** The visitor's session, as this render sees it, and a way to another one. */
export default async function SessionPage(): Promise<ReactElement> {
  const session = await sessions.read();
  return (
    <>
      <output>{session?.id ?? "none"}</output>
      <p data-testid="who">{session?.data?.userId ?? "a guest"}</p>
      <form action={signIn}>
        <button name="user" value="Alice">
          Sign in as Alice
        </button>
      </form>
      <form action={signOut}>
        <button>Sign out</button>
      </form>
    </>
  );
}
