import { useReactive } from "kawa";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../lib/signals.ts";

/** Nothing but `global-error` shows that it failed. */
export default function Page({ params }: { params: Promise<{ name: string }> }): ReactElement {
  const count = useReactive(labCounter(use(params).name));
  if (count < 0) throw new Error("The count is negative.");
  return <output>{count}</output>;
}
