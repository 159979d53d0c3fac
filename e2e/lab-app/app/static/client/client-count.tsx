"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { labCounter } from "../../../lib/signals.ts";

export function ClientCount(): ReactElement {
  return <output>{useReactive(labCounter("static"))}</output>;
}
