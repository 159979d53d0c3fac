import type { ReactElement } from "react";
import { Links, stamp } from "../links.tsx";

export const revalidate = 1;

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Made again each second</h1>
      <p data-testid="made">{stamp()}</p>
      <Links />
    </main>
  );
}
