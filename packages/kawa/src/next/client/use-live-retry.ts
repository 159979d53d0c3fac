"use client";
import { useEffect, useEffectEvent } from "react";
import { liveTab } from "./live-tab.ts";

/**
 * For `error.tsx` and `global-error.tsx`: calls `retry` when the next change is announced or the connection is back, so that a page
 * that failed during a refresh recovers with the next good render.
 *
 * @example
 * "use client";
 * export default function ErrorPage({ retry }: { retry: () => void }) {
 *   useLiveRetry(retry);
 *   return <button onClick={retry}>Try again</button>;
 * }
 */
export function useLiveRetry(retry: () => void): void {
  const onRetry = useEffectEvent(retry);
  useEffect(() => liveTab.onRetry(() => onRetry()), []);
}
