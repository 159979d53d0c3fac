import type { Metadata } from "next";
import { after } from "next/server";
import { type ReactElement, Suspense } from "react";
import { setTimeout as sleep } from "node:timers/promises";
import { sessions } from "../../lib/sessions.ts";
import { act } from "../../lib/who.ts";

export function generateMetadata(): Metadata {
  after(() => act("metadata"));
  return { title: "Later" };
}

/** Nothing that is rendered here has looked at who asks. */
export default function LaterPage(): ReactElement {
  after(() => act("page"));
  after(act("page-promise"));
  after(() => after(() => act("page-nested")));
  after(sleep(200).then(() => act("page-slow-promise")));
  setTimeout(() => void act("page-timer"), 200);
  after(() => void setTimeout(() => void act("after-timer"), 50));
  return (
    <>
      <p>A page that does something later</p>
      <Suspense>
        <Late />
      </Suspense>
      <form action={signInAndAct}>
        <button>Sign in</button>
      </form>
    </>
  );
}

async function Late(): Promise<ReactElement> {
  await sleep(50);
  after(() => act("late"));
  return <p>Late</p>;
}

async function signInAndAct(): Promise<void> {
  "use server";
  after(() => act("action-before"));
  await sessions.signIn({ userId: "grace" });
  after(() => act("action"));
}
