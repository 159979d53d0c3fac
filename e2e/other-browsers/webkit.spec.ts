import { findWebKit, missingWebKit } from "./find.ts";
import { launchWebKit } from "./webkit.ts";
import { testScreen } from "./screen.ts";
import { testTabs } from "./tabs.ts";
import { tryBrowser } from "./try-browser.ts";

const tried = tryBrowser({
  name: "webkit",
  missing: findWebKit() ? undefined : missingWebKit,
  launch: launchWebKit,
  keepsDocuments: true,
});

testScreen(tried);
testTabs(tried);
