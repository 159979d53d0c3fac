import type { ReactElement } from "react";
import { Links } from "../links.tsx";
import { Fragment } from "./fragment.tsx";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Static but for a fragment</h1>
      <Fragment />
      <Links />
    </main>
  );
}
