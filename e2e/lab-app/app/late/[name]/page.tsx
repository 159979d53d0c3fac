import { useReactive } from "kawa";
import { setTimeout as sleep } from "node:timers/promises";
import { Suspense, use } from "react";
import { labCounter } from "../../../lib/signals.ts";

const lateMs = 1_500;

/** A counter that is read only when the rest of the page has been shown for a while. */
export default function LatePage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return (
    <>
      <h1>{name}</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Late name={name} />
      </Suspense>
    </>
  );
}

async function Late({ name }: { name: string }) {
  await sleep(lateMs);
  return <Count name={name} />;
}

function Count({ name }: { name: string }) {
  return <output>{useReactive(labCounter(name))}</output>;
}
