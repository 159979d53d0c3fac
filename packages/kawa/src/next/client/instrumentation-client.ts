import { installNavigationReports, reportNavigationStart } from "./navigation-start.ts";

installNavigationReports();

/** Next calls this at the start of each navigation, inside its transition. */
export { reportNavigationStart as onRouterTransitionStart };
