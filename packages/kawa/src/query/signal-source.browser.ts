import { useQueryClient } from "@tanstack/react-query";
import { use, useSyncExternalStore } from "react";
import type { Entry } from "../core/backend/backend.ts";
import { browserBackend } from "../browser/global-backend.ts";
import { isKawaError } from "../core/errors/errors.ts";
import type { ReadonlyCell } from "../core/process/reactive.ts";
import { viewOf } from "../react/browser-view.ts";
import { dataOf, isKnown, leadOf, type QueryData, type QuerySource } from "./query-source.ts";
import type { HydratedValue, Select, SourceOptions } from "./signal-source.ts";

const maxRetryCount = 3;

/** How a query reads a signal in a browser. The server decides whether it may. */
export function sourceOptions<T>(source: QuerySource<T>): SourceOptions<T> {
  return {
    queryFn: async () => dataOf<T>(await source.get()),
    retry: (failureCount, error) => failureCount < maxRetryCount && !(isKawaError(error) && !error.retryable),
  };
}

export function useHydratedValue<T, TData>(source: QuerySource<T>, select: Select<T, TData>): HydratedValue<T, TData> {
  const shared = browserBackend();
  const lead = leadOf(source);
  const { backend } = lead.read;
  const current = (): QueryData<T> | undefined =>
    isKnown(source, (key) => backend.entry(key)) ? orNone(() => source.peek()) : undefined;
  const hydratedEntry = (key: string): ReadonlyCell<Entry> =>
    backend.id === shared.id ? shared.hydratedEntry(key) : backend.entry(key);
  const hydrated = (): QueryData<T> | undefined =>
    isKnown(source, hydratedEntry) ? orNone(() => viewOf<T>(source).getHydrated()) : undefined;
  // Reading rows whose list is not known would ask the server for it.
  use((current() === undefined ? viewOf(lead) : viewOf<T>(source)).fresh());
  const shown = useSyncExternalStore(never, current, hydrated);
  const initialData = (): QueryData<T> | undefined => shown;
  const cached = useQueryClient().getQueryData(["kawa", source.key]);
  if (!Object.is(shown, current())) {
    // Late HTML is hydrated, and the cache is ahead of it.
    return { initialData, select: () => (select ? select(shown!) : (shown as QueryData<T> & TData)) };
  }
  if (cached === undefined || Object.is(cached, shown)) return { initialData, select };
  // Nothing has followed the signal for this cache: it is behind until the component is mounted.
  const selectCurrent = (value: QueryData<T>): TData => {
    const now = current();
    const known = now === undefined ? value : now;
    return select ? select(known) : (known as QueryData<T> & TData);
  };
  return { initialData, select: selectCurrent };
}

/** Undefined for what cannot be shown: the query tells why. */
function orNone<T>(read: () => T): QueryData<T> | undefined {
  try {
    return dataOf(read());
  } catch {
    return undefined;
  }
}

const never = (): (() => void) => () => {};
