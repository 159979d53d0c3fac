import { dehydrate, HydrationBoundary, QueryClient } from "@tanstack/react-query";
import { useReactive } from "kawa";
import { prefetchSignal } from "kawa/query";
import Link from "next/link";
import { use } from "react";
import { labRows } from "../../../lib/signals.ts";
import { QueryProvider } from "../../query-provider.tsx";
import { LiveRows } from "../live-rows.tsx";
import { QueryRows } from "../query-rows.tsx";
import { Rows } from "../rows.tsx";

const limit = 20;

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ after?: string; way?: string }> };

/** A window of a list: rendered by the server, or with `?way=` by a live fragment, a client component or TanStack Query. */
export default function RowsPage({ params, searchParams }: Props) {
  const { name } = use(params);
  const { after, way } = use(searchParams);
  if (way === "fragment") return <LiveRows name={name} after={after} />;
  if (way === "client") return <Rows name={name} after={after} />;
  if (way === "query") return <PrefetchedRows name={name} after={after} />;
  return <ServerRows name={name} after={after} />;
}

function ServerRows({ name, after }: { name: string; after: string | undefined }) {
  const page = labRows.query({ where: { list: name }, order: "desc", limit, after });
  const rows = useReactive(page);
  const count = useReactive(labRows.count({ where: { list: name } }));
  const last = rows.at(-1);
  return (
    <>
      <p>
        <output data-testid="count">{count}</output> rows
      </p>
      <ol>
        {rows.map(({ id, value }) => (
          <li key={id}>
            <span>{value.title}</span> <input aria-label={`Note on ${id}`} />
          </li>
        ))}
      </ol>
      {last && <Link href={`/rows/${name}?after=${encodeURIComponent(page.cursorOf(last))}`}>Next</Link>}
    </>
  );
}

async function PrefetchedRows({ name, after }: { name: string; after: string | undefined }) {
  const queryClient = new QueryClient();
  await prefetchSignal(queryClient, labRows.query({ where: { list: name }, order: "desc", limit, after }));
  return (
    <QueryProvider>
      <HydrationBoundary state={dehydrate(queryClient)}>
        <QueryRows name={name} after={after} />
      </HydrationBoundary>
    </QueryProvider>
  );
}
