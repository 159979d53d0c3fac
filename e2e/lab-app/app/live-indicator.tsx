"use client";
import { useLiveStatus } from "kawa/next/client";
import type { ReactElement } from "react";

export function LiveIndicator(): ReactElement {
  const { state } = useLiveStatus();
  return (
    <p role="status" data-state={state} data-testid="live">
      {state}
    </p>
  );
}
