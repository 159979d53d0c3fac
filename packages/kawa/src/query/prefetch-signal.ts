import type { QueryClient } from "@tanstack/react-query";
import type { QuerySource } from "./query-source.ts";
import { signalQueryOptions } from "./signal-query-options.ts";

/**
 * Reads a signal, or a query of a collection, into the cache of a server component, for the `HydrationBoundary` that it renders: the value as the other server
 * components of the page see it. The page is not rendered again when it changes.
 *
 * A value that cannot be read is left to the browser, as `queryClient.prefetchQuery` does.
 *
 * @throws {KawaError} NOT_EXPOSED - the signal's definition lets no browser read it
 * @example
 * const queryClient = new QueryClient();
 * await prefetchSignal(queryClient, counter);
 * return <HydrationBoundary state={dehydrate(queryClient)}>…</HydrationBoundary>;
 */
export async function prefetchSignal<T>(queryClient: QueryClient, source: QuerySource<T>): Promise<void> {
  await queryClient.prefetchQuery(signalQueryOptions<T>(source));
}
