import type { QueryFunction } from "@tanstack/react-query";
import { backed, type Signal } from "../core/signal.ts";
import { checkExposed } from "../react/check-exposed.ts";
import { useReactive } from "../react/use-reactive.ts";

export type SourceOptions<T> = {
  readonly queryFn: QueryFunction<T, readonly ["kawa", string]>;
  readonly retry?: (failureCount: number, error: Error) => boolean;
};

export type Select<T, TData> = ((value: T) => TData) | undefined;

export type HydratedValue<T, TData> = { readonly initialData: () => T | undefined; readonly select: Select<T, TData> };

/** How a query reads a signal where a server makes the HTML of client components. */
export function sourceOptions<T>(signal: Signal<T>): SourceOptions<T> {
  checkExposed(backed(signal));
  return { queryFn: () => signal.get() };
}

/**
 * A query that was not prefetched starts with the value that the page was rendered with. While the HTML is hydrated, it shows what the
 * HTML shows.
 */
export function useHydratedValue<T, TData>(signal: Signal<T>, select: Select<T, TData>): HydratedValue<T, TData> {
  const value = useReactive(signal);
  return { initialData: () => value, select };
}
