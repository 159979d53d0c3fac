import { useReactive } from "kawa";
import { use } from "react";
import { labCounter } from "../../../../lib/signals.ts";

export default function SlotsSide({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return <output data-testid="side">{useReactive(labCounter(`${name}-side`))}</output>;
}
