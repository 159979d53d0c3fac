import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import { type ReactElement, Suspense, use } from "react";
import { labShared } from "../../../../lib/signals.ts";
import { ClientHalf, ClientQuery, ClientSum, ClientTabs } from "../client-halves.tsx";

type Half = { readonly name: string };

export default function Page({ params }: { params: Promise<{ name: string; page: string }> }): ReactElement {
  const { name, page } = use(params);
  return (
    <main>
      <h1>{page}</h1>
      {page === "same" ? (
        <>
          <ServerHalf name={name} />
          <ClientHalf name={name} />
        </>
      ) : null}
      {page === "live-page" ? (
        <>
          <ServerHalf name={name} />
          <ClientHalf name={name} />
          <LivePage />
        </>
      ) : null}
      {page === "fragment" ? <BothHalves name={name} /> : null}
      {page === "two" ? (
        <>
          <ServerHalf name={name} />
          <ClientHalf name={`${name}-two`} />
        </>
      ) : null}
      {page === "sum" ? (
        <>
          <ServerSum name={name} />
          <ClientSum name={name} />
        </>
      ) : null}
      {page === "query" ? (
        <>
          <ServerHalf name={name} />
          <ClientQuery name={name} />
        </>
      ) : null}
      {page === "tabs" ? (
        <>
          <ServerHalf name={name} />
          <ClientTabs name={name} />
        </>
      ) : null}
      {page === "after" ? <ServerHalf name={name} /> : null}
      {page in lateMs ? (
        <Suspense fallback={<p>Waiting</p>}>
          <Late name={name} page={page as keyof typeof lateMs} />
        </Suspense>
      ) : null}
    </main>
  );
}

function ServerHalf({ name }: Half): ReactElement {
  return <output data-half="server">{useReactive(labShared(name))}</output>;
}

const BothHalves = reactive(function BothHalves({ name }: Half): ReactElement {
  return (
    <>
      <ServerHalf name={name} />
      <ClientHalf name={name} />
    </>
  );
});

function ServerSum({ name }: Half): ReactElement {
  return (
    <output data-half="server">
      {useReactive(labShared(`${name}-left`)) + useReactive(labShared(`${name}-right`))}
    </output>
  );
}

/** Parts that come while the rest of their page is being shown, a moment after that, and long after. */
const lateMs = { soon: 1, late: 150, after: 1_500 };

async function Late({ name, page }: Half & { page: keyof typeof lateMs }): Promise<ReactElement> {
  await new Promise((resolve) => setTimeout(resolve, lateMs[page]));
  return (
    <>
      {page === "after" ? null : <ServerHalf name={name} />}
      <ClientHalf name={name} />
    </>
  );
}
