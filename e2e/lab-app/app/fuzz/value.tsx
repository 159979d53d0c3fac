import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { labShared } from "../../lib/signals.ts";
import type { Key } from "./keys.ts";

/** One counter of a run; what the model compares is found by `data-key`. */
export function Value({ run, of: key }: { run: string; of: Key }): ReactElement {
  return <output data-key={key}>{useReactive(labShared(`${run}-${key}`))}</output>;
}
