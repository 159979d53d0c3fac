export { LiveMarker, type LiveMarkerProps } from "./client/live-marker.tsx";
export { LiveRefresh, type LiveRefreshProps } from "./client/live-refresh.tsx";
export type { LiveStatus } from "./client/live-status.ts";
export { useLiveRetry } from "./client/use-live-retry.ts";
export { useLiveStatus } from "./client/use-live-status.ts";
