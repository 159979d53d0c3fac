import type { ReactElement } from "react";
import { Score } from "../score.tsx";

export default async function CachedPage(): Promise<ReactElement> {
  "use cache";
  return (
    <main>
      <h1>Inside of "use cache"</h1>
      <Score />
    </main>
  );
}
