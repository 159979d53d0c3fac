import { useQueryClient } from "@tanstack/react-query";
import { use, useSyncExternalStore } from "react";
import type { Entry } from "../core/backend/backend.ts";
import { browserBackend } from "../browser/global-backend.ts";
import { isKawaError } from "../core/errors/errors.ts";
import { backed, type Signal } from "../core/signal.ts";
import { viewOf } from "../react/browser-view.ts";
import type { HydratedValue, Select, SourceOptions } from "./signal-source.ts";

const maxRetryCount = 3;

/** How a query reads a signal in a browser. The server decides whether it may. */
export function sourceOptions<T>(signal: Signal<T>): SourceOptions<T> {
  return {
    queryFn: () => signal.get(),
    retry: (failureCount, error) => failureCount < maxRetryCount && !(isKawaError(error) && !error.retryable),
  };
}

export function useHydratedValue<T, TData>(signal: Signal<T>, select: Select<T, TData>): HydratedValue<T, TData> {
  const shared = browserBackend();
  use(viewOf(signal).fresh());
  const { backend, key } = backed(signal).read;
  const current = (): T | undefined => valueIn(signal, backend.entry(key).peek());
  const hydrated = (): T | undefined =>
    valueIn(signal, (backend.id === shared.id ? shared.hydratedEntry(key) : backend.entry(key)).peek());
  const shown = useSyncExternalStore(never, current, hydrated);
  const initialData = (): T | undefined => shown;
  const cached = useQueryClient().getQueryData(["kawa", key]);
  if (!Object.is(shown, current())) {
    // Late HTML is hydrated, and the cache is ahead of it.
    return { initialData, select: () => (select ? select(shown as T) : (shown as T & TData)) };
  }
  if (cached === undefined || Object.is(cached, shown)) return { initialData, select };
  // Nothing has followed the signal for this cache: it is behind until the component is mounted.
  const selectCurrent = (value: T): TData => {
    const known = current() ?? value;
    return select ? select(known) : (known as T & TData);
  };
  return { initialData, select: selectCurrent };
}

const never = (): (() => void) => () => {};

function valueIn<T>(signal: Signal<T>, entry: Entry): T | undefined {
  return entry.state === "unknown" ? undefined : backed(signal).valueIn(entry);
}
