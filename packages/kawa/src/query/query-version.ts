import type { Query, QueryClient, QueryState } from "@tanstack/react-query";
import type { Entry } from "../core/backend/backend.ts";

/** The entries that the data of a query shows. */
export type QueryVersion = {
  readonly seq: number;
  readonly epoch: string;
  readonly isAbsent: boolean;
  /** Numbers of the rows, where the first is that of their list. */
  readonly rows?: readonly number[];
};

// TanStack Query dehydrates `fetchMeta` with the data, also into a query that exists already. No other field of a query does that: `meta`
// belongs to its observers, and `dataUpdatedAt` is the time of another clock.
type VersionedState = Partial<QueryState> & { readonly fetchMeta: { readonly kawa?: QueryVersion } | null };

/** To be called by a `queryFn` before it resolves. */
export function noteVersion(
  client: QueryClient,
  queryKey: readonly unknown[],
  { entries: [entry, ...rows], epoch }: { readonly entries: readonly Entry[]; readonly epoch: string },
): void {
  const { seq, state } = entry!;
  const kawa: QueryVersion = {
    seq,
    epoch,
    isAbsent: state === "absent",
    ...(rows.length > 0 && { rows: rows.map((row) => row.seq) }),
  };
  queryOf(client, queryKey)?.setState({ fetchMeta: { kawa } } as VersionedState);
}

/** The version that has come with the data. It is taken away, so that no persisted cache claims it later. */
export function takeVersion(query: Query): QueryVersion | undefined {
  const version = (query.state as VersionedState).fetchMeta?.kawa;
  if (version) query.setState({ fetchMeta: null });
  return version;
}

export function queryOf(client: QueryClient, queryKey: readonly unknown[]): Query | undefined {
  return client.getQueryCache().get(client.defaultQueryOptions({ queryKey }).queryHash);
}
