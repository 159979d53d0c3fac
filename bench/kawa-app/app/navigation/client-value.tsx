"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { seen } from "../../lib/signals.ts";

export function ClientValue({ of }: { of: string }): ReactElement {
  return <output id="client">{useReactive(seen(of))}</output>;
}
