import { KawaError } from "../core/errors/errors.ts";
import type { Signal } from "../core/signal.ts";
import type { SignalWrite } from "./use-signal-write.ts";

export type { SignalWrite } from "./use-signal-write.ts";

/**
 * `useSignalWrite` works in client components only; a server action or route handler writes with `await signal.set(value)`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for server components
 */
export function useSignalWrite<T>(_signal: Signal<T>): SignalWrite<T> {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    `useSignalWrite() works in client components. Write "use client" at the top of the file.`,
  );
}
