import { useMutation, type UseMutationOptions, type UseMutationResult } from "@tanstack/react-query";
import type { Signal } from "../core/signal.ts";
import { type BegunWrite, type SignalChange, signalMutationOptions } from "./signal-mutation-options.ts";
import { useFollow } from "./use-follow.ts";

/** Options of {@link useSignalMutation}: those of `useMutation` by the same names. */
export type UseSignalMutationOptions<T> = Pick<
  UseMutationOptions<void, Error, SignalChange<T>, BegunWrite>,
  "gcTime" | "meta" | "onError" | "onSettled" | "onSuccess" | "throwOnError"
>;

/** What {@link useSignalMutation} returns: the result of `useMutation`. */
export type UseSignalMutationResult<T> = UseMutationResult<void, Error, SignalChange<T>, BegunWrite>;

/**
 * Writes of a component to one signal as a mutation of TanStack Query. What is written is shown at once, also while earlier
 * writes of the same key are on the way, and taken back when the actor refuses it: then `error` is a `KawaError`, of which
 * `publicMessage(error)` is for people. `useSignalWrite` is the same without TanStack Query.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - in a server component
 * @example
 * const { mutate, error } = useSignalMutation(counter);
 * return <button onClick={() => mutate((count) => count + 1)}>Add one</button>;
 */
export function useSignalMutation<T>(
  signal: Signal<T>,
  options: UseSignalMutationOptions<T> = {},
): UseSignalMutationResult<T> {
  useFollow(signal);
  return useMutation({ ...options, ...signalMutationOptions(signal) });
}
