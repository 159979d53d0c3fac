import { useReactive } from "kawa";
import { withContext } from "kawa/rivetkit";
import { labCounter } from "./signals.ts";

const tickMs = 100;

/** Counts up while somebody looks. Other lab counters tell how often it was started and stopped. */
export function useTicks(name: string): number {
  return useReactive(
    0,
    (stream) => {
      countUp(`${name}-starts`);
      const timer = setInterval(() => stream.set(stream.value + 1), tickMs);
      return () => {
        clearInterval(timer);
        countUp(`${name}-stops`);
      };
    },
    [name],
  );
}

/** It runs for all who look, and as nobody. */
function countUp(name: string): void {
  void withContext({}, () => labCounter(name).update((count) => count + 1));
}
