import type { UseQueryResult, UseSuspenseQueryResult } from "@tanstack/react-query";
import { KawaError } from "../core/errors/errors.ts";
import type { QueryData, QuerySource } from "./query-source.ts";
import type { UseSignalQueryOptions } from "./use-signal-query.ts";

export type { UseSignalQueryOptions } from "./use-signal-query.ts";

/**
 * `useSignalQuery` works in client components only; a server component reads with `useReactive(signal)`, or prefetches with
 * `prefetchSignal(queryClient, signal)`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for server components
 */
export function useSignalQuery<T, TData = QueryData<T>>(
  _source: QuerySource<T>,
  _options?: UseSignalQueryOptions<T, TData>,
): UseQueryResult<TData, Error> {
  throw unsupported("useSignalQuery");
}

/** @throws {KawaError} CONTEXT_UNSUPPORTED - always, as {@link useSignalQuery} */
export function useSuspenseSignalQuery<T, TData = QueryData<T>>(
  _source: QuerySource<T>,
  _options?: Omit<UseSignalQueryOptions<T, TData>, "throwOnError">,
): UseSuspenseQueryResult<TData, Error> {
  throw unsupported("useSuspenseSignalQuery");
}

function unsupported(hook: string): KawaError {
  return new KawaError(
    "CONTEXT_UNSUPPORTED",
    `${hook}() works in client components. Write "use client" at the top of the file.`,
  );
}
