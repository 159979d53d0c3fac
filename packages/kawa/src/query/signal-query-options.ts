import { sourceOptions } from "#signal-source";
import type { QueryKeyWithDataTag, UnusedSkipTokenOptions } from "@tanstack/react-query";
import type { QueryData, QuerySource } from "./query-source.ts";

/** Key of the query of a signal, or of a query of a collection. */
export type SignalQueryKey = readonly ["kawa", key: string];

/** What {@link signalQueryOptions} returns, for the functions of TanStack Query that take options. */
export type SignalQueryOptions<T> = UnusedSkipTokenOptions<QueryData<T>, Error, QueryData<T>, SignalQueryKey> &
  QueryKeyWithDataTag<SignalQueryKey, QueryData<T>, Error>;

/**
 * Options of TanStack Query for the value of a signal or of a query of a collection, such as for `queryClient.prefetchQuery`. They read it once and never
 * again; {@link useSignalQuery} keeps it live.
 *
 * A query has no `undefined`: it has `null` instead.
 *
 * @throws {KawaError} NOT_EXPOSED - on a server: the signal's definition lets no browser read it
 * @example
 * const theme = queryClient.getQueryData(signalQueryOptions(appTheme).queryKey);
 */
export function signalQueryOptions<T>(source: QuerySource<T>): SignalQueryOptions<T> {
  const queryKey: SignalQueryKey = ["kawa", source.key];
  return {
    // The type of the data goes with the key, in its type alone.
    queryKey: queryKey as SignalQueryOptions<T>["queryKey"],
    ...sourceOptions<T>(source),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: false,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  };
}
