import { read } from "kawa";
import { type ReactElement, Suspense } from "react";
import { countRun } from "../../lib/runs.ts";
import { score } from "../../lib/signals.ts";

async function Cached(): Promise<ReactElement> {
  "use cache";
  const points = await read(score);
  return <output data-run={countRun("live")}>{points}</output>;
}

async function Uncached(): Promise<ReactElement> {
  return <b id="uncached">{await read(score)}</b>;
}

export default function LivePage(): ReactElement {
  return (
    <main>
      <h1>Cached and live</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Cached />
      </Suspense>
      <Suspense fallback={<p>Loading</p>}>
        <Uncached />
      </Suspense>
    </main>
  );
}
