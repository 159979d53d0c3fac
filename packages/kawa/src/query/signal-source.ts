import type { QueryFunction } from "@tanstack/react-query";
import { checkExposed } from "../react/check-exposed.ts";
import { useReactive } from "../react/use-reactive.ts";
import { isUnfit } from "../core/value/unreadable.ts";
import { dataOf, leadOf, type QueryData, type QuerySource } from "./query-source.ts";

export type SourceOptions<T> = {
  readonly queryFn: QueryFunction<QueryData<T>, readonly ["kawa", string]>;
  readonly retry?: (failureCount: number, error: Error) => boolean;
};

export type Select<T, TData> = ((value: QueryData<T>) => TData) | undefined;

export type HydratedValue<T, TData> = {
  readonly initialData: () => QueryData<T> | undefined;
  readonly select: Select<T, TData>;
};

/** How a query reads a signal where a server makes the HTML of client components. */
export function sourceOptions<T>(source: QuerySource<T>): SourceOptions<T> {
  checkExposed(leadOf(source));
  return { queryFn: async () => dataOf<T>(await source.get()) };
}

/**
 * A query that was not prefetched starts with the value that the page was rendered with. While the HTML is hydrated, it shows what the
 * HTML shows.
 */
export function useHydratedValue<T, TData>(source: QuerySource<T>, select: Select<T, TData>): HydratedValue<T, TData> {
  let value: QueryData<T> | undefined;
  try {
    // oxlint-disable-next-line react-hooks/rules-of-hooks -- it calls the same hooks, and throws after them what is caught here
    value = dataOf(useReactive<T>(source));
  } catch (error) {
    // In the browser the query tells why it cannot be shown. What waits is thrown, too.
    if (!isUnfit(error)) throw error;
  }
  return { initialData: () => value, select };
}
