"use client";
import { useEffect } from "react";
import { liveTab } from "./live-tab.ts";

/** Props of {@link LiveMarker}. */
export type LiveMarkerProps = { render: string; versions: string };

/** The client half of `<LivePage />`. */
export function LiveMarker({ render, versions }: LiveMarkerProps): null {
  useEffect(() => liveTab.markPage([render, versions]), [render, versions]);
  return null;
}
