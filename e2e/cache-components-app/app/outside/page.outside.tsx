import type { ReactElement } from "react";
import { Score } from "../score.tsx";

export default function OutsidePage(): ReactElement {
  return (
    <main>
      <h1>Outside of Suspense</h1>
      <Score />
    </main>
  );
}
