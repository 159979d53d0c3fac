import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "./fixtures.ts";
import { expectState, expectStraightStream, openLive, writeCount } from "./support/lab.ts";
import { labAppDir, Server } from "./support/server.ts";

/** A first compilation of a route on a busy machine. */
const compileMs = 120_000;

test.describe.configure({ mode: "serial", timeout: 300_000 });

let server: Server;

test.beforeAll(async () => {
  server = await Server.start({ dir: labAppDir, isDev: true, startTimeoutMs: compileMs });
});

test.afterAll(async () => {
  await server?.stop({ signal: "SIGINT", toGroup: true });
  await server?.dispose();
  await rm(join(labAppDir, ".next/dev"), { recursive: true, force: true, maxRetries: 5 });
});

test("twelve tabs of one browser in next dev are live over one connection", { tag: "@long" }, async ({ context }) => {
  context.setDefaultNavigationTimeout(compileMs);
  const pages = [];
  for (let n = 0; n < 12; n += 1) {
    const page = await context.newPage();
    await page.goto(`${server.url}/counter/twelve`);
    // The first time the route of the stream is compiled.
    await expectState(page, "live", compileMs);
    pages.push(page);
  }
  await writeCount(server, "twelve", 1);
  for (const page of pages) await expect(page.locator("output")).toHaveText("1");
  await expectStraightStream(server.url);
});

test("a page that is first opened after a restart of next dev is loaded once", { tag: "@long" }, async ({ page }) => {
  page.setDefaultNavigationTimeout(compileMs);
  await openLive(page, `${server.url}/counter/before`);
  await page.goto("about:blank");
  await server.stop({ signal: "SIGINT", toGroup: true });
  await server.start();
  let loadCount = 0;
  page.on("load", () => (loadCount += 1));
  await page.goto(`${server.url}/async-reads/after`);
  await expectState(page, "live", compileMs);
  await expect(page.getByTestId("late")).toBeVisible({ timeout: compileMs });
  // Next would load it again within a second, and again and again.
  await page.waitForTimeout(5_000);
  expect(loadCount).toBeLessThanOrEqual(2);
});
