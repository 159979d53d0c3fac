"use client";
import { useLiveRetry } from "kawa/next/client";
import type { ReactElement } from "react";

export default function ErrorPage({ retry }: { retry: () => void }): ReactElement {
  useLiveRetry(retry);
  return <p>This has failed.</p>;
}
