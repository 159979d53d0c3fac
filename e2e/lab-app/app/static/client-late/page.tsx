import type { ReactElement } from "react";
import { Links } from "../links.tsx";
import { Suspense } from "react";
import { ClientCount } from "../client/client-count.tsx";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Static but for a client component in Suspense</h1>
      <Suspense fallback={<p>Loading</p>}>
        <ClientCount />
      </Suspense>
      <Links />
    </main>
  );
}
