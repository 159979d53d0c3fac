import { useHydratedValue } from "#signal-source";
import {
  useQuery,
  type UseQueryOptions,
  type UseQueryResult,
  useSuspenseQuery,
  type UseSuspenseQueryResult,
} from "@tanstack/react-query";
import type { QueryData, QuerySource } from "./query-source.ts";
import { type SignalQueryKey, signalQueryOptions } from "./signal-query-options.ts";
import { useFollow } from "./use-follow.ts";

/** Options of {@link useSignalQuery}: those of `useQuery` by the same names, without how the value is read and kept current. */
export type UseSignalQueryOptions<T, TData = QueryData<T>> = Pick<
  UseQueryOptions<QueryData<T>, Error, TData, SignalQueryKey>,
  "gcTime" | "meta" | "notifyOnChangeProps" | "select" | "structuralSharing" | "throwOnError"
>;

/**
 * A signal, or a query of a collection, as a query of TanStack Query: in the HTML, live afterwards without fetching again. It uses the `QueryClient` that the app
 * provides. `useReactive` alone does where nothing else needs the query cache.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - in a server component, which reads with `useReactive(signal)` or prefetches with
 * {@link prefetchSignal}
 * @throws {KawaError} NOT_EXPOSED - while the HTML is made: the signal's definition lets no browser read it
 * @example
 * const { data: total } = useSignalQuery(cart, { select: ({ items }) => items.length });
 */
export function useSignalQuery<T, TData = QueryData<T>>(
  source: QuerySource<T>,
  options: UseSignalQueryOptions<T, TData> = {},
): UseQueryResult<TData, Error> {
  useFollow<T>(source);
  const hydrated = useHydratedValue<T, TData>(source, options.select);
  return useQuery({ ...signalQueryOptions<T>(source), ...options, ...hydrated } as UseQueryOptions<
    QueryData<T>,
    Error,
    TData,
    SignalQueryKey
  >);
}

/**
 * As {@link useSignalQuery}, for a component that suspends until the value is known.
 *
 * @throws {KawaError} as {@link useSignalQuery}; and what else makes the value unreadable, to the nearest error boundary
 */
export function useSuspenseSignalQuery<T, TData = QueryData<T>>(
  source: QuerySource<T>,
  options: Omit<UseSignalQueryOptions<T, TData>, "throwOnError"> = {},
): UseSuspenseQueryResult<TData, Error> {
  useFollow<T>(source);
  const hydrated = useHydratedValue<T, TData>(source, options.select);
  return useSuspenseQuery({ ...signalQueryOptions<T>(source), ...options, ...hydrated } as Parameters<
    typeof useSuspenseQuery<QueryData<T>, Error, TData, SignalQueryKey>
  >[0]);
}
