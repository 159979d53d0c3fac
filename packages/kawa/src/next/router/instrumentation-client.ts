import { installNavigationReports, onNavigationStart, reportNavigationStart } from "./navigation-start.ts";
import { installRouterRequests } from "./router-requests.ts";
import { installPushes } from "./watch-pushes.ts";
import { handOver } from "./whole-prefetch.ts";

installNavigationReports();
if (typeof window !== "undefined") {
  installRouterRequests();
  onNavigationStart(handOver);
  installPushes();
}
// Also where `<LiveUpdates>` was forgotten, which shows them too.
if (process.env.NODE_ENV === "development" && typeof window !== "undefined") {
  window.addEventListener("load", () => {
    import("./dev-notices.ts").then(
      ({ watchNotices }) => watchNotices(),
      () => {},
    );
  });
}

/** Next calls this at the start of each navigation, inside its transition. */
export { reportNavigationStart as onRouterTransitionStart };
