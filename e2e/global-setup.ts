import { ensureChromium } from "./chromium.ts";
import { ensureOtherBrowsers } from "./other-browsers/find.ts";
import { buildApp } from "./support/build.ts";
import { appDir, labAppDir } from "./support/server.ts";

export default function globalSetup(): void {
  ensureChromium();
  ensureOtherBrowsers();
  if (process.env.KAWA_E2E_NO_BUILD === "1") return;
  buildApp(appDir);
  buildApp(labAppDir);
}
