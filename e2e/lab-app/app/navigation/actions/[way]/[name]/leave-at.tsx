"use client";
import { type ReactElement, startTransition, useEffect } from "react";
import { create } from "../../../actions.ts";

/** Calls an action in an effect, once the count is 99: with the commit that shows it. */
export function LeaveAt({ count, to }: { count: number; to: string }): ReactElement {
  useEffect(() => {
    if (count !== 99) return;
    const form = new FormData();
    form.set("name", `${to}-left`);
    form.set("to", to);
    startTransition(() => create(form));
  }, [count, to]);
  return <small>{count}</small>;
}
