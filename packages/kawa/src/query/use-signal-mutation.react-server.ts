import { KawaError } from "../core/errors/errors.ts";
import type { Signal } from "../core/signal.ts";
import type { UseSignalMutationOptions, UseSignalMutationResult } from "./use-signal-mutation.ts";

export type { UseSignalMutationOptions, UseSignalMutationResult } from "./use-signal-mutation.ts";

/**
 * `useSignalMutation` works in client components only; a server action or route handler writes with `await signal.set(value)`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for server components
 */
export function useSignalMutation<T>(
  _signal: Signal<T>,
  _options?: UseSignalMutationOptions<T>,
): UseSignalMutationResult<T> {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    `useSignalMutation() works in client components. Write "use client" at the top of the file.`,
  );
}
