import { installNavigationReports, reportNavigationStart } from "./navigation-start.ts";
import { installRouterRequests } from "./router-requests.ts";

installNavigationReports();
if (typeof window !== "undefined") installRouterRequests();

/** Next calls this at the start of each navigation, inside its transition. */
export { reportNavigationStart as onRouterTransitionStart };
