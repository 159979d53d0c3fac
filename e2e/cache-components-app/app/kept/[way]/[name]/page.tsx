import { read } from "kawa";
import { LivePage, reactive } from "kawa/next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { type ReactElement, Suspense } from "react";
import { count } from "../../../../lib/signals.ts";
import { ClientCount } from "./client-count.tsx";

type Props = { params: Promise<{ way: string; name: string }> };

/** Next keeps such a page, hidden, when a visitor goes elsewhere; it is shown again as it was. */
export default function KeptPage({ params }: Props): ReactElement {
  return (
    <main>
      <Suspense fallback={<p>Loading</p>}>
        <Kept params={params} />
      </Suspense>
    </main>
  );
}

async function Kept({ params }: Props): Promise<ReactElement> {
  const { way, name } = await params;
  return (
    <section data-testid={name}>
      <input aria-label="Note" />
      {way === "fragment" ? (
        <CountFragment name={name} />
      ) : way === "client" ? (
        <ClientCount name={name} />
      ) : (
        <Count name={name} />
      )}
      {way === "page" ? <LivePage /> : null}
      <Link href={`/kept/${way}/${name}-next`}>Next</Link>
    </section>
  );
}

async function Count({ name }: { name: string }): Promise<ReactElement> {
  const shown = await read(count(name));
  if (shown === -1) notFound();
  if (shown === -2) throw new Error("The count is negative.");
  return <output>{shown}</output>;
}

const CountFragment = reactive(Count);
