import { cacheLife } from "next/cache";
import { type ReactElement, Suspense } from "react";
import { countRun } from "../../lib/runs.ts";
import { Score } from "../score.tsx";

async function Inner(): Promise<ReactElement> {
  "use cache";
  countRun("inner");
  return <Score />;
}

async function Outer(): Promise<ReactElement> {
  "use cache";
  cacheLife("max");
  countRun("outer");
  return (
    <section>
      <Inner />
    </section>
  );
}

export default function NestedPage(): ReactElement {
  return (
    <main>
      <h1>Cached in something cached</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Outer />
      </Suspense>
    </main>
  );
}
