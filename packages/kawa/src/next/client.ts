export { LiveRefresh, type LiveRefreshProps } from "./live-refresh.tsx";
