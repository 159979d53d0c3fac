import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { value } from "../../../lib/signals.ts";
import { ShownValue } from "./shown-value.tsx";

/** A value of strangers, on its way to a client component. */
export default function ValuePage(): ReactElement {
  return <ShownValue value={useReactive(value)} />;
}
