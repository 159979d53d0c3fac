"use client";
import { useReactive } from "kawa";
import type { ReactNode } from "react";
import { theme } from "@/lib/signals";

/** Shows its children in the theme that everyone shares; `globals.css` has what `data-theme` does. */
export function ThemeScope({ children }: { children: ReactNode }) {
  return <div data-theme={useReactive(theme)}>{children}</div>;
}
