import { join } from "node:path";
// Not that of the fixtures: it starts the built app, which this test has no use for.
import { expect, test } from "@playwright/test";
import { findEngines } from "../packages/kawa/test/integration/support/processes.ts";
import { appDir, Server } from "./support/server.ts";

// With `cacheComponents` next dev renders each page once more in a worker thread of its process, to check it.
test("pages that next dev checks in a thread leave the engine alone, and are live", async ({ page }) => {
  test.setTimeout(240_000);
  const server = await Server.start({
    dir: join(appDir, "e2e/cache-components-app"),
    isDev: true,
    startTimeoutMs: 120_000,
  });
  const write = async (score: number): Promise<void> => {
    expect((await fetch(`${server.url}/api/score`, { method: "POST", body: String(score) })).status).toBe(204);
  };
  try {
    await write(0);
    const engine = await server.engine();
    expect(engine).toBeDefined();

    let score = 0;
    for (const path of [
      "/",
      "/blocking",
      "/client",
      "/live",
      "/live-disk",
      "/",
      "/client",
      "/blocking",
      "/live",
      "/live-disk",
    ]) {
      await page.goto(`${server.url}${path}`);
      await expect(page.getByRole("status")).toHaveText(String(score), { timeout: 60_000 });
      score += 1;
      await write(score);
      // The first time the route of the stream is compiled.
      await expect(page.getByRole("status")).toHaveText(String(score), { timeout: 60_000 });
      expect(await server.engine()).toEqual(engine);
    }

    expect(findEngines(server.dataDir).map(({ pid }) => pid)).toEqual([engine?.pid]);
    expect(server.log()).not.toContain("[kawa]");
  } finally {
    await test.info().attach("dev.log", { body: server.log(), contentType: "text/plain" });
    await server.dispose();
  }
});
