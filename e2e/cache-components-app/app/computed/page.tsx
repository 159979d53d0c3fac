import { useReactive } from "kawa";
import { type ReactElement, Suspense } from "react";
import { countRun } from "../../lib/runs.ts";
import { score } from "../../lib/signals.ts";

async function Table({ points }: { points: number }): Promise<ReactElement> {
  "use cache";
  countRun();
  return <output>{points}</output>;
}

function LiveTable(): ReactElement {
  return <Table points={useReactive(score)} />;
}

export default function ComputedPage(): ReactElement {
  return (
    <main>
      <h1>Cached for each value</h1>
      <Suspense fallback={<p>Loading</p>}>
        <LiveTable />
      </Suspense>
    </main>
  );
}
