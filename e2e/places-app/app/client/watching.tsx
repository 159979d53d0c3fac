"use client";
import { effect } from "kawa";
import type { ReactElement } from "react";
import { counter } from "../../lib/signals.ts";

const seen: number[] = [];
effect(() => void seen.push(counter.value));

export function Watching(): ReactElement {
  return <p>A client component that watches</p>;
}
