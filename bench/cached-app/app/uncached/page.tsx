import { type ReactElement, Suspense } from "react";
import { CostlyBoard } from "../../lib/costly-board.tsx";

export default function UncachedPage(): ReactElement {
  return (
    <Suspense>
      <CostlyBoard />
    </Suspense>
  );
}
