"use client";
import type { ReactElement } from "react";

export default function ErrorPage({ retry }: { retry: () => void }): ReactElement {
  return <button onClick={() => retry()}>Try again</button>;
}
