import { useReactive } from "kawa";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../lib/signals.ts";

export default function Page({ params }: { params: Promise<{ name: string }> }): ReactElement {
  return <output>{useReactive(labCounter(use(params).name))}</output>;
}
