import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "./fixtures.ts";
import { labAppDir } from "./support/server.ts";
import { openLive } from "./support/lab-app.ts";

/** A first compilation of a route on a busy machine. */
const compileMs = 60_000;

test("a page that is first opened after a restart of next dev is loaded once", async ({ page, startServer }) => {
  test.setTimeout(240_000);
  page.setDefaultNavigationTimeout(compileMs);
  const server = await startServer({ dir: labAppDir, isDev: true, startTimeoutMs: 120_000 });
  try {
    await openLive(page, `${server.url}/count/before`);
    await page.goto("about:blank");
    await server.stop({ signal: "SIGINT", toGroup: true });
    await server.start();
    let loadCount = 0;
    page.on("load", () => (loadCount += 1));
    await openLive(page, `${server.url}/async-reads/after`);
    await expect(page.getByTestId("late")).toBeVisible({ timeout: compileMs });
    // Next would load it again within a second, and again and again.
    await page.waitForTimeout(5_000);
    expect(loadCount).toBeLessThanOrEqual(2);
  } finally {
    await server.stop({ signal: "SIGINT", toGroup: true });
    await rm(join(labAppDir, ".next/dev"), { recursive: true, force: true, maxRetries: 5 });
  }
});
