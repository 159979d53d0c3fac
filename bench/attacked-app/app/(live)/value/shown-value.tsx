"use client";
import type { ReactElement } from "react";

export function ShownValue({ value }: { value: unknown }): ReactElement {
  return <output>{typeof value === "bigint" ? String(value) : JSON.stringify(value)}</output>;
}
