import { testBehaviours } from "./behaviours.ts";
import { findFirefox, missingFirefox } from "./find.ts";
import { launchFirefox } from "./firefox.ts";

testBehaviours({
  name: "firefox",
  missing: findFirefox() ? undefined : missingFirefox,
  launch: launchFirefox,
  // It loads anew what was answered with "no-store", as Next answers, and what holds a lock.
  keepsDocuments: false,
});
