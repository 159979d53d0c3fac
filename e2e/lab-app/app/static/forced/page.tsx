import type { ReactElement } from "react";
import { Links, stamp } from "../links.tsx";

export const dynamic = "force-static";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Forced to be static</h1>
      <p data-testid="made">{stamp()}</p>
      <Links />
    </main>
  );
}
