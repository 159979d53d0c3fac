import { useReactive } from "kawa";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { failBelow } from "../../fail-below.ts";

/** Is not there above 9. */
export default function Page({ params }: { params: Promise<{ name: string }> }): ReactElement {
  failBelow(9 - useReactive(labCounter(use(params).name)), "not-found");
  return <p>Page</p>;
}
