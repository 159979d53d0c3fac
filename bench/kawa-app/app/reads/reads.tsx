import { type Signal, useReactive } from "kawa";
import type { ReactElement } from "react";
import { score } from "../../lib/signals.ts";

export function Reads({ sources }: { sources: readonly Signal<number>[] }): ReactElement {
  // The first read of a render makes it dynamic; what follows costs what a read costs.
  useReactive(score);
  const startedAt = performance.now();
  let sum = 0;
  // oxlint-disable-next-line react/rules-of-hooks -- the list does not change within a request
  for (const source of sources) sum += useReactive(source);
  const nanoseconds = Math.round((performance.now() - startedAt) * 1e6);
  return (
    <output data-sum={sum} data-nanoseconds={nanoseconds}>
      {nanoseconds} ns
    </output>
  );
}
