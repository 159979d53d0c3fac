import { type ReactElement, Suspense } from "react";
import { countRun } from "../../lib/runs.ts";
import { Score } from "../score.tsx";

async function Cached(): Promise<ReactElement> {
  "use cache: disk";
  countRun("disk");
  return <Score />;
}

export default function DiskPage(): ReactElement {
  return (
    <main>
      <h1>Cached on disk</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Cached />
      </Suspense>
    </main>
  );
}
