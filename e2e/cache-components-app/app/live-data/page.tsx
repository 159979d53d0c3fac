import { read } from "kawa";
import { type ReactElement, Suspense } from "react";
import { countRun } from "../../lib/runs.ts";
import { score } from "../../lib/signals.ts";

async function loadPoints(factor: number): Promise<{ points: number }> {
  "use cache";
  countRun("data");
  return { points: (await read(score)) * factor };
}

async function Points(): Promise<ReactElement> {
  const { points } = await loadPoints(1);
  return <output>{points}</output>;
}

export default function DataPage(): ReactElement {
  return (
    <main>
      <h1>Cached data</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Points />
      </Suspense>
    </main>
  );
}
