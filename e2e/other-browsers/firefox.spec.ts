import { findFirefox, missingFirefox } from "./find.ts";
import { launchFirefox } from "./firefox.ts";
import { testScreen } from "./screen.ts";
import { testTabs } from "./tabs.ts";
import { tryBrowser } from "./try-browser.ts";

const tried = tryBrowser({
  name: "firefox",
  missing: findFirefox() ? undefined : missingFirefox,
  launch: launchFirefox,
  // It loads anew what was answered with "no-store", as Next answers, and what holds a lock.
  keepsDocuments: false,
});

testScreen(tried);
testTabs(tried);
