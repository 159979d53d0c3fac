"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { labShared } from "../../lib/signals.ts";
import type { Key } from "./keys.ts";

/** One counter of a run in a client component, and a button that adds one to it. */
export function ClientValue({ run, of: key }: { run: string; of: Key }): ReactElement {
  const signal = labShared(`${run}-${key}`);
  return (
    <>
      <output data-key={key}>{useReactive(signal)}</output>
      <button type="button" data-do={`press:${key}`} onClick={() => void signal.update((count) => count + 1)}>
        Add one
      </button>
    </>
  );
}
