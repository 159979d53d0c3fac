"use client";
import { useReactive } from "kawa";
import { type ReactElement, useEffect } from "react";
import { labShared } from "../../../lib/signals.ts";

const [rendered, effected, pressed] = ["client-rendered", "client-effected", "client-pressed"].map(labShared) as [
  ReturnType<typeof labShared>,
  ReturnType<typeof labShared>,
  ReturnType<typeof labShared>,
];

export function Writing(): ReactElement {
  const count = useReactive(rendered);
  void rendered.update((value) => value + 1);
  useEffect(() => void effected.update((value) => value + 1), []);
  return (
    <>
      <output data-testid="rendered">{count}</output>
      <output data-testid="effected">{useReactive(effected)}</output>
      <button onClick={() => void pressed.update((value) => value + 1)}>{useReactive(pressed)}</button>
    </>
  );
}
