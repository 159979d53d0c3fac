"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { labShared } from "../../../lib/signals.ts";

export function ClientCount(): ReactElement {
  return <output>{useReactive(labShared("static"))}</output>;
}
