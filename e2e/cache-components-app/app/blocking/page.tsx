import type { ReactElement } from "react";
import { Score } from "../score.tsx";

export const instant = false;

export default function BlockingPage(): ReactElement {
  return (
    <main>
      <h1>Rendered for each request</h1>
      <Score />
    </main>
  );
}
