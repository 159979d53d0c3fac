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
    // A write without a connection fails: later it would meet another value.
    networkMode: "always",
    retry: false,
    // A scope lets one mutation run at a time, but each write is shown at once, so it begins here.
    onMutate: (change) => {
      const written = signal.set(change);
      // Its failure is reported when the turn of the mutation comes.
      written.catch(() => {});
      return { written };
    },
    mutationFn: (change, context) => begunIn(context)?.written ?? signal.set(change),
  };
}

/** What the running mutation has begun. In one scope that mutation is the first that is pending. */
function begunIn({ client, mutationKey = [] }: MutationFunctionContext): BegunWrite | undefined {
  return client.getMutationCache().find({ mutationKey, status: "pending" })?.state.context as BegunWrite | undefined;
}
