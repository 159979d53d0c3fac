import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";

type Props = { params: Promise<{ way: string; name: string }> };

/** A counter that cannot be shown when it is negative, by itself or in a fragment. */
export default function FailingPage({ params }: Props): ReactElement {
  const { way, name } = use(params);
  return way === "fragment" ? <FailingFragment name={name} /> : <Failing name={name} />;
}

function Failing({ name }: { name: string }): ReactElement {
  const count = useReactive(labCounter(name));
  if (count < 0) throw new Error("The count is negative.");
  return <output>{count}</output>;
}

const FailingFragment = reactive(Failing);
