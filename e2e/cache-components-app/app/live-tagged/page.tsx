import { read } from "kawa";
import { cacheLife, cacheTag } from "next/cache";
import { type ReactElement, Suspense } from "react";
import { countRun } from "../../lib/runs.ts";
import { score } from "../../lib/signals.ts";

async function Cached(): Promise<ReactElement> {
  "use cache";
  cacheTag("points");
  cacheLife("hours");
  const run = countRun("tagged");
  return <output data-run={run}>{await read(score)}</output>;
}

export default function TaggedPage(): ReactElement {
  return (
    <main>
      <h1>Cached under a tag</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Cached />
      </Suspense>
    </main>
  );
}
