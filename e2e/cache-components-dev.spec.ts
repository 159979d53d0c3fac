import { join } from "node:path";
import { findEngines } from "../packages/kawa/test/integration/support/processes.ts";
import { expect, test } from "./fixtures.ts";
import { appDir, Server } from "./support/server.ts";

/** A first compilation of a route on a busy machine. */
const compiled = { timeout: 120_000 };

test.describe.configure({ mode: "serial", timeout: 300_000 });

let server: Server;

test.beforeAll(async () => {
  server = await Server.start({
    dir: join(appDir, "e2e/cache-components-app"),
    isDev: true,
    // A build of the same app, which another worker may make meanwhile, deletes all but the cache.
    env: { KAWA_E2E_FAILING: "outside", KAWA_E2E_DIST: ".next/cache/failing-dev" },
    startTimeoutMs: compiled.timeout,
  });
});

test.afterAll(() => server?.dispose());

test.beforeEach(({ page }) => page.setDefaultNavigationTimeout(compiled.timeout));

test.afterEach(() => test.info().attach("dev.log", { body: server.log(), contentType: "text/plain" }));

async function write(score: number): Promise<void> {
  expect((await fetch(`${server.url}/api/score`, { method: "POST", body: String(score) })).status).toBe(204);
}

// With `cacheComponents` next dev renders each page once more in a worker thread of its process, to check it.
test("pages that next dev checks in a thread leave the engine alone, and are live", async ({ page }) => {
  await write(0);
  const engine = await server.engine();
  expect(engine).toBeDefined();

  let score = 0;
  for (const path of ["/", "/blocking", "/client", "/live", "/", "/live"]) {
    await page.goto(`${server.url}${path}`);
    await expect(page.getByRole("status")).toHaveText(String(score), compiled);
    score += 1;
    await write(score);
    // The first time the route of the stream is compiled.
    await expect(page.getByRole("status")).toHaveText(String(score), compiled);
    expect(await server.engine()).toEqual(engine);
  }

  expect(findEngines(server.dataDir).map(({ pid }) => pid)).toEqual([engine?.pid]);
  expect(server.log()).not.toContain("[kawa]");
});

test("next dev names the component that reads outside of Suspense", async ({ page }) => {
  await write(0);
  await page.goto(`${server.url}/outside`);
  await expect(page.getByRole("status")).toHaveText("0", compiled);
  await expect.poll(() => server.log(), compiled).toContain("at OutsidePage (app/outside/page.outside.tsx:8:7)");
});
