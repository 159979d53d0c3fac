import type { ReactElement } from "react";
import { counter } from "../../lib/signals.ts";

export const dynamic = "force-dynamic";

export default async function FixedPage(): Promise<ReactElement> {
  return <output>{await counter.get()}</output>;
}
