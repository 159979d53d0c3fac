import type { ReactElement } from "react";
import { Links } from "../links.tsx";
import { ClientCount } from "./client-count.tsx";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Static but for a client component</h1>
      <ClientCount />
      <Links />
    </main>
  );
}
