import { connection } from "next/server";
import { type ReactElement, Suspense } from "react";
import { counter } from "../../lib/signals.ts";

async function Counter(): Promise<ReactElement> {
  await connection();
  return <output>{await counter.get()}</output>;
}

export default function FixedPage(): ReactElement {
  return (
    <Suspense fallback={<p>…</p>}>
      <Counter />
    </Suspense>
  );
}
