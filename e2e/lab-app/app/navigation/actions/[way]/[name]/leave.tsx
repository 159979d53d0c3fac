import { useReactive } from "kawa";
import type { ReactElement } from "react";
import type { labCounter } from "../../../../../lib/signals.ts";
import { LeaveAt } from "./leave-at.tsx";

export function Leave({ signal, to }: { signal: ReturnType<typeof labCounter>; to: string }): ReactElement {
  return <LeaveAt count={useReactive(signal)} to={to} />;
}
