import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { use } from "react";
import { labCounter } from "@/lib/lab-signals";

const Failing = reactive(function Failing({ name }: { name: string }) {
  const count = useReactive(labCounter(name));
  if (count < 0) throw new Error("A count is never negative.");
  return <output>{count}</output>;
});

/** A live counter that fails below zero. */
export default function FailingPage({ params }: { params: Promise<{ name: string }> }) {
  return <Failing name={use(params).name} />;
}
