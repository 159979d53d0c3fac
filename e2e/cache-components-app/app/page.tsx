import { type ReactElement, Suspense } from "react";
import { Score } from "./score.tsx";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Inside of Suspense</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Score />
      </Suspense>
    </main>
  );
}
