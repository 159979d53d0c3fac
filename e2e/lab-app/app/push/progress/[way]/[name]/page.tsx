import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import { type ReactElement, Suspense } from "react";
import { setTimeout as sleep } from "node:timers/promises";
import { labCounter } from "../../../../../lib/signals.ts";
import { Clicker } from "../../../../clicker.tsx";
import { Starters } from "./starters.tsx";

type Props = { params: Promise<{ way: string; name: string }> };

function Progress({ name }: { name: string }): ReactElement {
  return (
    <section>
      <output>{useReactive(labCounter(name))}</output>
      <Clicker />
      <Suspense fallback={<em>Loading</em>}>
        <Late name={name} />
      </Suspense>
    </section>
  );
}

function Late({ name }: { name: string }): ReactElement {
  return <Later step={useReactive(labCounter(name))} />;
}

async function Later({ step }: { step: number }): Promise<ReactElement> {
  await sleep(50);
  return <b>late {step}</b>;
}

const LiveProgress = reactive(Progress);

/** What a server action of one's own writes while it runs, in each of the ways in which a page is live. */
export default async function Page({ params }: Props): Promise<ReactElement> {
  const { way, name } = await params;
  return (
    <>
      {way === "fragment" ? <LiveProgress name={name} /> : <Progress name={name} />}
      {way === "page" ? <LivePage /> : null}
      <Starters name={name} />
    </>
  );
}
