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
  // For a machine that is several times slower: who waits for a condition waits no longer than it takes.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  projects: [
    {
      name: "chromium",
      use: {
        browserName: "chromium",
        viewport: { width: 1280, height: 800 },
        actionTimeout: 30_000,
        navigationTimeout: 60_000,
        screenshot: "only-on-failure",
        // Costs a third of the whole run; ask for it: `npm run test:e2e -- --trace retain-on-failure`.
        trace: "off",
        launchOptions: { args: chromiumArgs, ...(executablePath === undefined ? {} : { executablePath }) },
      },
    },
  ],
});
