import { computed, read } from "kawa";
import type { Metadata } from "next";
import { type ReactElement, Suspense } from "react";
import { setTimeout as pause } from "node:timers/promises";
import { labCounter } from "../../../lib/signals.ts";
import { Fragment } from "./fragment.tsx";

type Props = { params: Promise<{ name: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `title ${await read(labCounter(`${(await params).name}-title`))}` };
}

/** Reads in each place where an async function may wait. */
export default async function Page({ params }: Props): Promise<ReactElement> {
  const { name } = await params;
  const first = await read(labCounter(`${name}-first`));
  await pause(1);
  const [left, right] = await Promise.all([read(labCounter(`${name}-left`)), read(labCounter(`${name}-right`))]);
  let total = 0;
  for (const part of ["left", "right"]) total += await read(labCounter(`${name}-${part}`));
  const double = await read(computed(() => labCounter(`${name}-first`).value * 2));
  return (
    <>
      <output data-testid="page">{[first, left, right, total, double].join(" ")}</output>
      <Fragment name={name} />
      <Suspense fallback={<p>waiting</p>}>
        <Late name={name} />
      </Suspense>
    </>
  );
}

async function Late({ name }: { name: string }): Promise<ReactElement> {
  await pause(50);
  return <output data-testid="late">{await read(labCounter(`${name}-late`))}</output>;
}
