"use client";
import { useReactive } from "kawa";
import { labCounter } from "@/lib/lab-signals";

export function Hidden({ name }: { name: string }) {
  return <output>{useReactive(labCounter(name))}</output>;
}
