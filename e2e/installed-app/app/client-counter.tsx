"use client";
import { useReactive } from "kawa";
import { counter } from "../lib/signals";

export function ClientCounter() {
  return (
    <button id="client" type="button" onClick={() => counter.update((count) => count + 1)}>
      {useReactive(counter)}
    </button>
  );
}
