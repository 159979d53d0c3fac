"use client";
import { useLiveRetry } from "kawa/next/client";
import type { ReactElement } from "react";

export default function GateError({ retry }: { retry: () => void }): ReactElement {
  useLiveRetry(retry);
  return <output data-key="gate">failed</output>;
}
