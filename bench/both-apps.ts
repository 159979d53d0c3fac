import { chromium, type Browser } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { BenchApp } from "./bench-app.ts";
import { withTempDir } from "./temp-dir.ts";

/** What is measured in the pages of one app. */
export type AppSide = { run(isMeasured: boolean): Promise<void> };

export type BothAppsOptions<S> = {
  open: (browser: Browser, url: string) => Promise<S>;
  warmUpCount: number;
  count: number;
};

/** Runs the pages of both apps in turns, A B B A …, in one browser. Resolves when both have ended. */
export async function measureBothApps<S extends AppSide>({
  open,
  warmUpCount,
  count,
}: BothAppsOptions<S>): Promise<{ bare: S; kawa: S }> {
  return withTempDir(async (dataDir) => {
    const apps: BenchApp[] = [];
    const browser = await chromium.launch({ args: chromiumArgs, executablePath: ensureChromium() });
    try {
      apps.push(await BenchApp.start({ name: "bare-app", expectedScore: 0 }));
      apps.push(await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir }));
      const [bare, kawa] = await Promise.all(apps.map(({ url }) => open(browser, url)));
      if (bare === undefined || kawa === undefined) throw new Error("unreachable");
      for (let round = 0; round < warmUpCount + count; round += 1) {
        const pair = round % 2 === 0 ? [bare, kawa] : [kawa, bare];
        for (const side of pair) await side.run(round >= warmUpCount);
      }
      return { bare, kawa };
    } finally {
      await browser.close();
      for (const app of apps) await app.stop();
    }
  });
}
