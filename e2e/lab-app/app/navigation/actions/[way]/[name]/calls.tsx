"use client";
import { useRouter } from "next/navigation";
import { type ReactElement, startTransition, useActionState, useState } from "react";
import { answer, count } from "../../../actions.ts";

/** Other ways to call an action, and to go elsewhere. */
export function Calls({ name, target }: { name: string; target: string }): ReactElement {
  const router = useRouter();
  const [state, act, isPending] = useActionState(count, -1);
  const [answered, setAnswered] = useState("none");
  return (
    <>
      <form action={act}>
        <input type="hidden" name="name" value={name} />
        <input type="hidden" name="waitMs" value="700" />
        <button>Count</button>
        <b data-testid="state">{isPending ? "pending" : state}</b>
      </form>
      <button onClick={() => void answer(700).then(setAnswered)}>Ask</button>
      <b data-testid="answered">{answered}</b>
      <button onClick={() => startTransition(() => router.push(target))}>Push</button>
      <button onClick={() => router.replace(target)}>Replace</button>
      <button onClick={() => router.refresh()}>Refresh</button>
      <button onClick={() => history.pushState(null, "", `${location.pathname}?shallow=1`)}>Shallow</button>
    </>
  );
}
