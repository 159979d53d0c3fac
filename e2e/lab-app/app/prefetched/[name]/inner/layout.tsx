import { setTimeout as sleep } from "node:timers/promises";
import type { ReactElement, ReactNode } from "react";
import { labCounter } from "../../../../lib/signals.ts";

type Props = { children: ReactNode; params: Promise<{ name: string }> };

/** A part of it comes when the test opens the gate. */
export default async function InnerLayout({ children, params }: Props): Promise<ReactElement> {
  const { name } = await params;
  return (
    <section aria-label="inner">
      <Late name={name} />
      {children}
    </section>
  );
}

async function Late({ name }: { name: string }): Promise<ReactElement> {
  const gate = labCounter(`${name}-gate`);
  while ((await gate.get()) < 1) await sleep(20);
  return <p>late</p>;
}
