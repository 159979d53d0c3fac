import { type ReactElement, Suspense } from "react";
import { ClientScore } from "./client-score.tsx";

export default function ClientPage(): ReactElement {
  return (
    <main>
      <h1>A client component</h1>
      <Suspense fallback={<p>Loading…</p>}>
        <ClientScore />
      </Suspense>
    </main>
  );
}
