import type { QueryFunction } from "@tanstack/react-query";
import type { BackedSignal, Signal } from "../core/signal.ts";
import { checkExposed } from "../react/check-exposed.ts";
import { useReactive } from "../react/use-reactive.ts";

export type SourceOptions<T> = {
  readonly queryFn: QueryFunction<T, readonly ["kawa", string]>;
  readonly retry?: (failureCount: number, error: Error) => boolean;
};

/** How a query reads a signal where a server makes the HTML of client components. */
export function sourceOptions<T>(signal: Signal<T>): SourceOptions<T> {
  checkExposed(signal as unknown as BackedSignal<unknown>);
  return { queryFn: () => signal.get() };
}

/** What a query starts with that nobody has prefetched: the value that the page was rendered with, if it is known. */
export function useGivenValue<T>(signal: Signal<T>): () => T | undefined {
  const value = useReactive(signal);
  return () => value;
}
