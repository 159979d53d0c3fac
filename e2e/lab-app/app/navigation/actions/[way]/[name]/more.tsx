import { useReactive } from "kawa";
import type { ReactElement } from "react";
import type { labCounter } from "../../../../../lib/signals.ts";

/** Reads one more key once the address says so. */
export function More({
  more,
  signal,
}: {
  more: string | undefined;
  signal: ReturnType<typeof labCounter>;
}): ReactElement | null {
  return more === undefined ? null : <Read signal={signal} />;
}

function Read({ signal }: { signal: ReturnType<typeof labCounter> }): ReactElement {
  return <b data-testid="more">{useReactive(signal)}</b>;
}
