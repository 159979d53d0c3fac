"use client";
import type { ReactElement } from "react";

export function Note({ label }: { label: string }): ReactElement {
  return <input aria-label={label} />;
}
