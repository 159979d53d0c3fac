import type { StaleWay, Subscription } from "../protocol/stream-protocol.ts";
import type * as Reports from "./report-stale.ts";

/** What a tab shows that is older than what was announced, and what should have changed that. */
export type StaleDetail = Pick<Subscription, "route" | "page"> & {
  readonly way: StaleWay;
  readonly path: string;
  readonly announced: unknown;
};

/** Tells the developer (console), the app (event `kawa:stale`) and the server, whose route is at `src`. */
export function tellStale(src: string, detail: StaleDetail): void {
  console.warn("[kawa] stale", detail);
  window.dispatchEvent(new CustomEvent("kawa:stale", { detail }));
  const { path, way } = detail;
  withReports(({ reportStale }) => reportStale(src, { path, way }));
}

/** Renders did not show what was announced: loads the document again. */
export function giveUp(announced: string): void {
  withReports(({ loadAnew }) => loadAnew(announced));
}

/** Loaded only where something has gone wrong. */
function withReports(use: (reports: typeof Reports) => void): void {
  import("./report-stale.ts").then(use, () => {});
}
