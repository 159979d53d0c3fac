export type { LiveStatus } from "./refresh/live-status.ts";
export { useLiveRetry } from "./refresh/use-live-retry.ts";
export { useLiveStatus } from "./refresh/use-live-status.ts";
