import type { MutationFunctionContext, UseMutationOptions } from "@tanstack/react-query";
import type { Signal } from "../core/signal.ts";

/** A value, or what makes it of the current one; that may run more than once and must be pure. */
export type SignalChange<T> = T | ((current: T) => T);

/** The write that was begun when the mutation was called. */
export type BegunWrite = { readonly written: Promise<void> };

export function signalMutationOptions<T>(
  signal: Signal<T>,
): UseMutationOptions<void, Error, SignalChange<T>, BegunWrite> {
  return {
    mutationKey: ["kawa", signal.key],
    scope: { id: signal.key },
    // A write without a connection fails: nobody knows what it would meet later.
    networkMode: "always",
    retry: false,
    // A scope lets one mutation run at a time, and what is written should be seen before.
    onMutate: (change) => {
      const written = signal.set(change);
      // It is told when its turn comes.
      written.catch(() => {});
      return { written };
    },
    mutationFn: (change, context) => begunIn(context)?.written ?? signal.set(change),
  };
}

/** What the mutation that runs has begun: of one scope, it is the first that is pending. */
function begunIn({ client, mutationKey = [] }: MutationFunctionContext): BegunWrite | undefined {
  return client.getMutationCache().find({ mutationKey, status: "pending" })?.state.context as BegunWrite | undefined;
}
