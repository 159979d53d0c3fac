import { type ReactElement, Suspense } from "react";
import { CostlyBoard } from "../../lib/costly-board.tsx";

async function CachedBoard(): Promise<ReactElement> {
  "use cache";
  return await CostlyBoard();
}

export default function CachedPage(): ReactElement {
  return (
    <Suspense>
      <CachedBoard />
    </Suspense>
  );
}
