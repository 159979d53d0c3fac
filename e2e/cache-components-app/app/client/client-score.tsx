"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { score } from "../../lib/signals.ts";

export function ClientScore(): ReactElement {
  return <output>{useReactive(score)}</output>;
}
