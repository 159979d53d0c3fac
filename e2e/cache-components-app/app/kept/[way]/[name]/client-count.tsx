"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { count } from "../../../../lib/signals.ts";

export function ClientCount({ name }: { name: string }): ReactElement {
  return <output>{useReactive(count(name))}</output>;
}
