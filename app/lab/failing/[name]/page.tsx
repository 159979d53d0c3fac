import { useReactive } from "kawa";
import { use } from "react";
import { labCounter } from "@/lib/lab-signals";

/** A counter that cannot be shown when it is negative. */
export default function FailingPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  const count = useReactive(labCounter(name));
  if (count < 0) throw new Error("The count is negative.");
  return <output>{count}</output>;
}
