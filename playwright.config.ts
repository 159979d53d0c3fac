import { defineConfig } from "@playwright/test";
import { chromiumArgs, findChromium } from "./e2e/chromium.ts";

const executablePath = findChromium();

export default defineConfig({
  testDir: "e2e",
  testMatch: "**/*.spec.ts",
  globalSetup: "./e2e/global-setup.ts",
  reporter: "list",
  // Each is an app, an engine and a browser.
  workers: 2,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  projects: [
    {
      name: "chromium",
      use: {
        browserName: "chromium",
        viewport: { width: 1280, height: 800 },
        actionTimeout: 15_000,
        navigationTimeout: 30_000,
        screenshot: "only-on-failure",
        // Costs a third of the whole run; ask for it: `npm run test:e2e -- --trace retain-on-failure`.
        trace: "off",
        launchOptions: { args: chromiumArgs, ...(executablePath === undefined ? {} : { executablePath }) },
      },
    },
  ],
});
