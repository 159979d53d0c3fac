import { useReactive } from "kawa";
import { labCounter } from "./lab-signals";

const tickMs = 100;

/** Counts up while somebody looks. Other lab counters tell how often it was started and stopped. */
export function useTicks(name: string): number {
  return useReactive(
    0,
    (stream) => {
      void labCounter(`${name}-starts`).update((count) => count + 1);
      const timer = setInterval(() => stream.set(stream.value + 1), tickMs);
      return () => {
        clearInterval(timer);
        void labCounter(`${name}-stops`).update((count) => count + 1);
      };
    },
    [name],
  );
}
