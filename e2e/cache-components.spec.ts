import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { buildFixture } from "./support/build.ts";
import { appDir, type Server } from "./support/server.ts";

const dir = join(appDir, "e2e/cache-components-app");

// A build on a busy machine.
test.describe.configure({ timeout: 240_000 });

test.beforeAll(() => {
  const { hasSucceeded, log } = buildFixture(dir);
  expect(hasSucceeded, log).toBe(true);
  expect(log).toContain("◐ /\n");
  expect(log).toContain("◐ /client");
  expect(log).toContain("ƒ /blocking");
});

/** What the page writes to its console as an error: hydration errors among others. */
function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  page.on("pageerror", (error) => void errors.push(error.message));
  return errors;
}

async function writeScore(server: Server, score: number): Promise<void> {
  const response = await fetch(`${server.url}/api/score`, { method: "POST", body: String(score) });
  expect(response.status).toBe(204);
}

async function readHtml(url: string): Promise<string> {
  return (await fetch(url)).text();
}

const places = [
  ["/", "inside of Suspense"],
  ["/blocking", "in a page that is not prerendered"],
  ["/client", "in a client component"],
] as const;

for (const [path, what] of places) {
  test(`a value ${what} is in the HTML, live in two browsers, and not frozen after a restart`, async ({ browser, startServer }) => {
    const server = await startServer({ dir });
    await writeScore(server, 1);
    const pages: Page[] = [];
    for (const context of [await browser.newContext(), await browser.newContext()]) pages.push(await context.newPage());
    const errors = pages.map(collectErrors);
    for (const page of pages) {
      await page.goto(`${server.url}${path}`);
      await expect(page.getByRole("status")).toHaveText("1");
    }

    await writeScore(server, 2);
    for (const page of pages) await expect(page.getByRole("status")).toHaveText("2");
    expect(await readHtml(`${server.url}${path}`)).toContain("<output>2</output>");
    expect(errors).toEqual([[], []]);

    await server.restart();
    expect(await readHtml(`${server.url}${path}`)).toContain("<output>2</output>");
    await writeScore(server, 3);
    for (const page of pages) await expect(page.getByRole("status")).toHaveText("3");
    for (const page of pages) await page.context().close();
  });
}

test("a value that is read outside of Suspense fails the build with what to do", () => {
  const { hasSucceeded, log } = buildFixture(dir, { KAWA_E2E_FAILING: "outside" });
  expect(hasSucceeded).toBe(false);
  expect(log).toContain('Error occurred prerendering page "/outside"');
  expect(log).toContain('Route "/outside" reads "cacheComponents:score"');
  expect(log).toContain("(RENDER_STATIC)");
});

test('a value that is read inside of "use cache" fails the build with a KawaError', () => {
  const { hasSucceeded, log } = buildFixture(dir, { KAWA_E2E_FAILING: "cached" });
  expect(hasSucceeded).toBe(false);
  expect(log).toContain("Error [KawaError]: A signal was read where Next keeps the result.");
  expect(log).toContain("code: 'RENDER_STATIC'");
});

test("next dev names the component that reads outside of Suspense", async ({ page, startServer }) => {
  const server = await startServer({ dir, isDev: true, env: { KAWA_E2E_FAILING: "outside" } });
  await page.goto(`${server.url}/outside`);
  await expect(page.getByRole("status")).toHaveText("0");
  await expect.poll(() => server.log(), { timeout: 30_000 }).toContain("at OutsidePage (app/outside/page.outside.tsx:8:7)");
});
