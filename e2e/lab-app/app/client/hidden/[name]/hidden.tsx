"use client";
import { useReactive } from "kawa";
import { labCounter } from "../../../../lib/signals.ts";

export function Hidden({ name }: { name: string }) {
  return <output>{useReactive(labCounter(name))}</output>;
}
