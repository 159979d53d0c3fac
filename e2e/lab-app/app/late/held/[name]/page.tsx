import { useReactive } from "kawa";
import { Suspense, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { holdOf } from "./holds.ts";

/** A counter that is read only when a test says so, unless the page is rendered again. */
export default function HeldPage({ params }: { params: Promise<{ name: string }> }) {
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
  await holdOf(name).promise;
  return <Count name={name} />;
}

function Count({ name }: { name: string }) {
  return <output>{useReactive(labCounter(name))}</output>;
}
