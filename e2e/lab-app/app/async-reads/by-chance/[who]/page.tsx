import { read, useReactive } from "kawa";
import type { ReactElement } from "react";
import { labCounter } from "../../../../lib/signals.ts";

const count = labCounter("by-chance");
const reads = 1_000;

function useSum(): number {
  let total = 0;
  for (let index = 0; index < reads; index += 1) total += useReactive(count);
  return total;
}

function Proper(): ReactElement {
  return <output>{useSum()}</output>;
}

/** Wrong, and it works once a component has read the same. */
async function Misused(): Promise<ReactElement> {
  return <output>{useSum()}</output>;
}

export default async function Page({ params }: { params: Promise<{ who: string }> }): Promise<ReactElement> {
  const { who } = await params;
  await read(count);
  return who === "proper" ? <Proper /> : <Misused />;
}
