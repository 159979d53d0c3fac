import { browserBackend } from "../core/browser/global-backend.ts";
import { isKawaError } from "../core/errors.ts";
import type { BackedSignal, Signal } from "../core/signal.ts";
import type { SourceOptions } from "./signal-source.ts";

const maxRetryCount = 3;

/** How a query reads a signal in a browser. Whether it may, the server knows. */
export function sourceOptions<T>(signal: Signal<T>): SourceOptions<T> {
  return {
    queryFn: () => signal.get(),
    retry: (failureCount, error) => failureCount < maxRetryCount && !(isKawaError(error) && !error.retryable),
  };
}

export function useGivenValue<T>(signal: Signal<T>): () => T | undefined {
  return () => {
    const backed = signal as BackedSignal<T>;
    const { backend, key } = backed.read;
    const shared = browserBackend();
    const entry = (backend.id === shared.id ? shared.givenEntry(key) : backend.entry(key)).peek();
    return entry.state === "unknown" ? undefined : backed.valueIn(entry);
  };
}
