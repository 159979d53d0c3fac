import { dehydrate, HydrationBoundary, QueryClient } from "@tanstack/react-query";
import { prefetchSignal } from "kawa/query";
import Link from "next/link";
import { Suspense } from "react";
import { labCounter, labShared } from "../../../lib/signals.ts";
import { QueryProvider } from "../../query-provider.tsx";
import { ParityQuery, SharedQuery } from "../shared-query.tsx";
import { ThemeQuery } from "../theme-query.tsx";

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ other?: string; late?: string }> };

/** Signals as queries of TanStack Query: one that the server prefetches, and one that it does not. */
export default async function QueryPage({ params, searchParams }: Props) {
  const { name } = await params;
  const { other, late } = await searchParams;
  const queryClient = new QueryClient();
  await prefetchSignal(queryClient, labShared(name));
  return (
    <QueryProvider>
      <HydrationBoundary state={dehydrate(queryClient)}>
        <h1>{name}</h1>
        <SharedQuery name={name} />
        <ThemeQuery name={name} />
        {late === undefined ? null : (
          <Suspense fallback={<p>Loading…</p>}>
            <Late name={name} />
          </Suspense>
        )}
        {other === undefined ? null : (
          <Link href={`/query/${other}`} prefetch={false}>
            Go to {other}
          </Link>
        )}
      </HydrationBoundary>
    </QueryProvider>
  );
}

/** Comes when its gate is opened. */
async function Late({ name }: { name: string }) {
  while ((await labCounter(`${name}-gate`).get()) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  return <ParityQuery name={name} label="late" />;
}
