import { useCallback, useState } from "react";
import type { Signal } from "../core/signal.ts";

/** Writes of a component to one signal. */
export type SignalWrite<T> = {
  /** Writes a value, or what a function makes of the current one. It never rejects: see {@link error}. */
  readonly set: (value: T | ((current: T) => T)) => Promise<void>;
  /** True while the actor has not accepted what was written; it is shown already. */
  readonly isPending: boolean;
  /** Why the last write was not accepted; `publicMessage(error)` is for people. Undefined after one that was. */
  readonly error: unknown;
  /** Forgets the error. */
  readonly reset: () => void;
};

/**
 * Writes a signal from a client component and tells what becomes of it. `signal.set` alone does for a write whose refusal nobody
 * has to see. It works in client components only: a server action or route handler writes with `await signal.set(value)`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - in a server component
 * @example
 * const { set, isPending, error } = useSignalWrite(theme);
 * return (
 *   <>
 *     <button onClick={() => set("dark")} aria-busy={isPending}>Dark</button>
 *     {error ? <p role="alert">{publicMessage(error)}</p> : null}
 *   </>
 * );
 */
export function useSignalWrite<T>(signal: Signal<T>): SignalWrite<T> {
  const [pendingCount, setPendingCount] = useState(0);
  const [error, setError] = useState<unknown>();
  const set = useCallback(
    async (value: T | ((current: T) => T)) => {
      setPendingCount((count) => count + 1);
      try {
        await signal.set(value);
        setError(undefined);
      } catch (refusal) {
        setError(refusal);
      } finally {
        setPendingCount((count) => count - 1);
      }
    },
    [signal],
  );
  const reset = useCallback(() => setError(undefined), []);
  return { set, isPending: pendingCount > 0, error, reset };
}
