import { dehydrate, HydrationBoundary, QueryClient } from "@tanstack/react-query";
import { prefetchSignal } from "kawa/query";
import Link from "next/link";
import { Suspense } from "react";
import { labShared } from "@/lib/lab-signals";
import { QueryProvider } from "../query-provider";
import { ParityQuery, SharedQuery } from "../shared-query";
import { ThemeQuery } from "../theme-query";

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ other?: string; lateMs?: string }> };

/** Signals as queries of TanStack Query: one that the server prefetches, and one that it does not. */
export default async function QueryPage({ params, searchParams }: Props) {
  const { name } = await params;
  const { other, lateMs } = await searchParams;
  const queryClient = new QueryClient();
  await prefetchSignal(queryClient, labShared(name));
  return (
    <QueryProvider>
      <HydrationBoundary state={dehydrate(queryClient)}>
        <h1>{name}</h1>
        <SharedQuery name={name} />
        <ThemeQuery name={name} />
        {lateMs === undefined ? null : (
          <Suspense fallback={<p>Loading…</p>}>
            <Late name={name} afterMs={Number(lateMs)} />
          </Suspense>
        )}
        {other === undefined ? null : (
          <Link href={`/lab/query/${other}`} prefetch={false}>
            Go to {other}
          </Link>
        )}
      </HydrationBoundary>
    </QueryProvider>
  );
}

async function Late({ name, afterMs }: { name: string; afterMs: number }) {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  return <ParityQuery name={name} label="late" />;
}
