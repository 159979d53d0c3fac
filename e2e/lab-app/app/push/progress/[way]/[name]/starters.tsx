"use client";
import { type ReactElement, useActionState, useState, useTransition } from "react";
import { work } from "./work.ts";

/** Starts the same action in the three ways in which React knows that it is on its way. */
export function Starters({ name }: { name: string }): ReactElement {
  const [isPending, startTransition] = useTransition();
  const [result, setResult] = useState("");
  const [state, submit, isSubmitting] = useActionState(() => work(name), "");
  return (
    <>
      <p data-testid="result">{isPending || isSubmitting ? "pending" : result || state}</p>
      <form action={async () => setResult(await work(name))}>
        <button>form</button>
      </form>
      <button onClick={() => startTransition(async () => setResult(await work(name)))}>transition</button>
      <form action={submit}>
        <button>state</button>
      </form>
    </>
  );
}
