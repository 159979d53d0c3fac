"use client";
import { useSyncExternalStore } from "react";
import { initialLiveStatus, type LiveStatus } from "./live-status.ts";
import { liveTab } from "./live-tab.ts";

/**
 * Says whether what the page shows is current.
 *
 * @example
 * const { state } = useLiveStatus();
 * return state === "offline" ? <p role="status">No connection. What you see may be old.</p> : null;
 */
export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(liveTab.status.subscribe, liveTab.status.get, () => initialLiveStatus);
}
