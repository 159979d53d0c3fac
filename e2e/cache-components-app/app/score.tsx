import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { score } from "../lib/signals.ts";

export function Score(): ReactElement {
  return <output>{useReactive(score)}</output>;
}
