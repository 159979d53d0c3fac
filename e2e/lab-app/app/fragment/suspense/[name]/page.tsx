import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { Suspense, use } from "react";
import { setTimeout as sleep } from "node:timers/promises";
import { labCounter } from "../../../../lib/signals.ts";

const slowMs = 300;

async function Slow({ name }: { name: string }) {
  await sleep(slowMs);
  return <Late name={`${name}-late`} />;
}

function Late({ name }: { name: string }) {
  return <output data-name={name}>{useReactive(labCounter(name))}</output>;
}

const Early = reactive(function Early({ name }: { name: string }) {
  return (
    <section>
      <output data-name={`${name}-early`}>{useReactive(labCounter(`${name}-early`))}</output>
      <Suspense fallback={<p>Loading</p>}>
        <Slow name={name} />
      </Suspense>
    </section>
  );
});

/** A live counter above a part that takes 300 ms and shows another one. */
export default function SuspensePage({ params }: { params: Promise<{ name: string }> }) {
  return <Early name={use(params).name} />;
}
