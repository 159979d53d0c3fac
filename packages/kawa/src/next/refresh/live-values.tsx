"use client";
import { ValuesProvider } from "#values-provider";
import type { ReactElement, ReactNode } from "react";
import { setRouteSrc } from "../../browser/route.ts";
import { noteFailure } from "./failed-root.ts";
import { PassingErrors } from "../boundaries/passing-errors.tsx";

export type LiveValuesProps = {
  src: string;
  /** Id of the render that the page is of. */
  render: Promise<string>;
  children: ReactNode;
};

/** The client half of `<LiveUpdates>` around pages. */
export function LiveValues({ src, render, children }: LiveValuesProps): ReactElement {
  setRouteSrc(src);
  return (
    <ValuesProvider render={render}>
      <PassingErrors onError={() => noteFailure(src)}>{children}</PassingErrors>
    </ValuesProvider>
  );
}
