"use client";
import { useEffect, useEffectEvent } from "react";
import { liveTab } from "./live-tab.ts";

/**
 * For error boundaries of your own: calls `retry` after each refresh, and when the connection is back, so that what failed recovers with
 * the next good render. Pages of Next (`error.tsx`, `global-error.tsx`, `not-found.tsx`) recover by themselves.
 *
 * @example
 * "use client";
 * export function Fallback({ resetErrorBoundary }: { resetErrorBoundary: () => void }) {
 *   useLiveRetry(resetErrorBoundary);
 *   return <p role="alert">This cannot be shown at the moment.</p>;
 * }
 */
export function useLiveRetry(retry: () => void): void {
  const onRetry = useEffectEvent(retry);
  useEffect(() => liveTab.onRetry(() => onRetry()), []);
}
