import { useReactive } from "kawa";
import { use } from "react";
import { labCounter } from "../../../lib/signals.ts";

export default function SlotsPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return <output data-testid="page">{useReactive(labCounter(`${name}-page`))}</output>;
}
