import { useReactive } from "kawa";
import Link from "next/link";
import { Suspense, use } from "react";
import { labShared } from "../../../lib/signals.ts";
import { Shared, Theme } from "../shared.tsx";

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ other?: string }> };

/** The same signals in a server component and in client components, of which one comes late. */
export default function ClientPage({ params, searchParams }: Props) {
  const { name } = use(params);
  const { other } = use(searchParams);
  return (
    <>
      <h1>{name}</h1>
      <p>
        Server: <output data-testid="server">{useReactive(labShared(name))}</output>
      </p>
      <Shared name={name} />
      <Theme name={name} />
      <Suspense fallback={<p>Loading…</p>}>
        <Late name={name} />
      </Suspense>
      {other === undefined ? null : (
        <Link href={`/client/${other}`} prefetch={false}>
          Go to {other}
        </Link>
      )}
    </>
  );
}

async function Late({ name }: { name: string }) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return <Shared name={name} label="late" />;
}
