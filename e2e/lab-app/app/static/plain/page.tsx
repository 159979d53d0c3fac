import type { ReactElement } from "react";
import { Links, stamp } from "../links.tsx";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Static</h1>
      <p data-testid="made">{stamp()}</p>
      <Links />
    </main>
  );
}
