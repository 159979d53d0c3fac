"use client";
import { computed, useReactive } from "kawa";
import { useSignalQuery } from "kawa/query";
import { type ReactElement, Suspense, useState } from "react";
import { labShared } from "../../../lib/signals.ts";

export function ClientHalf({ name }: { name: string }): ReactElement {
  return <output data-half="client">{useReactive(labShared(name))}</output>;
}

const sums = new Map<string, ReturnType<typeof sumOf>>();
const sumOf = (name: string) => computed(() => labShared(`${name}-left`).value + labShared(`${name}-right`).value);

export function ClientSum({ name }: { name: string }): ReactElement {
  if (!sums.has(name)) sums.set(name, sumOf(name));
  return <output data-half="client">{useReactive(sums.get(name)!)}</output>;
}

export function ClientQuery({ name }: { name: string }): ReactElement {
  return <output data-half="client">{useSignalQuery(labShared(name)).data}</output>;
}

/** A part that is shown without any navigation, in a boundary that must not show its fallback for it. */
export function ClientTabs({ name }: { name: string }): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Suspense fallback={<p data-testid="fallback">Loading</p>}>
      <button onClick={() => setIsOpen((before) => !before)}>Toggle</button>
      {isOpen ? <ClientHalf name={name} /> : null}
    </Suspense>
  );
}
