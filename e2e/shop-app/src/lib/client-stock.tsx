"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { stock } from "./signals.ts";

export function ClientStock({ name }: { name: string }): ReactElement {
  const signal = stock(name);
  return (
    <>
      <output>{useReactive(signal)}</output>
      <button onClick={() => void signal.update((count) => count + 1)}>Add</button>
    </>
  );
}
