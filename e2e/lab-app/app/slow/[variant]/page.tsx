import { useReactive } from "kawa";
import { notFound } from "next/navigation";
import { Suspense, use } from "react";
import { setTimeout as sleep } from "node:timers/promises";
import { labCounter } from "../../../lib/signals.ts";

const slowMs = 400;

async function SlowPart() {
  await sleep(slowMs);
  return <p>Slow part</p>;
}

/** A counter beside a part that takes 400 ms, with a Suspense boundary around that part or without. */
export default function SlowPage({ params }: { params: Promise<{ variant: string }> }) {
  const { variant } = use(params);
  if (variant !== "suspense" && variant !== "blocking") notFound();
  const count = useReactive(labCounter(`slow-${variant}`));
  return (
    <>
      <output>{count}</output>
      {variant === "suspense" ? (
        <Suspense fallback={<p>Loading</p>}>
          <SlowPart />
        </Suspense>
      ) : (
        <SlowPart />
      )}
    </>
  );
}
