import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { buildFixture } from "./support/build.ts";
import { countRenders, expectState, markWindow, openLive } from "./support/lab.ts";
import { appDir, Server } from "./support/server.ts";

const dir = join(appDir, "e2e/shop-app");

// A build on a busy machine.
test.describe.configure({ timeout: 240_000 });

let server: Server;

test.beforeAll(async () => {
  const { hasSucceeded, log } = buildFixture(dir);
  expect(hasSucceeded, log).toBe(true);
  server = await Server.start({ dir, home: "/shop/" });
});

test.afterAll(() => server?.dispose());

async function write(name: string, value: number): Promise<void> {
  const response = await fetch(`${server.url}/shop/api/count/${name}/`, { method: "PUT", body: String(value) });
  expect(response.status).toBe(204);
}

const shown = (page: Page, name: string) => page.getByTestId(`shown-${name}`).locator("output");

const note = (page: Page, name: string) => page.getByLabel(`Note of ${name}`, { exact: true });

/** The files of the build, from another origin. Returns what the page has asked for elsewhere. */
async function serveAssets(
  page: Page,
): Promise<{ readonly errors: string[]; readonly streams: string[]; readonly assets: Set<string> }> {
  const seen = { errors: [] as string[], streams: [] as string[], assets: new Set<string>() };
  await page.route("http://cdn.test/assets/_next/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    seen.assets.add(pathname);
    const path = join(dir, ".next", decodeURIComponent(pathname.replace("/assets/_next/", "")));
    await route.fulfill({ path, headers: { "access-control-allow-origin": "*" } });
  });
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.includes("/api/reactive")) seen.streams.push(pathname);
  });
  page.on("console", (message) => void (message.type() === "error" && seen.errors.push(message.text())));
  page.on("pageerror", (error) => void seen.errors.push(error.message));
  return seen;
}

for (const way of ["route", "page", "fragment", "client"] as const) {
  test(
    `below a path, with slashes, assets elsewhere and rewritten addresses, a page is live wherever a visitor goes: ${way}`,
    { tag: way === "route" ? [] : "@long" },
    async ({ page }) => {
      const seen = await serveAssets(page);
      const name = `bread-${way}`;
      const renders = countRenders(page);
      let value = 0;
      const expectLive = async (shownName: string): Promise<void> => {
        await expect(shown(page, shownName)).toBeVisible();
        for (let round = 0; round < 2; round += 1) {
          value += 1;
          await write(shownName, value);
          await expect(shown(page, shownName)).toHaveText(String(value));
        }
      };

      await openLive(page, `${server.url}/shop/${way}/bread/${way}/`);
      const expectSameWindow = await markWindow(page);
      const picture = page.getByRole("img", { name: "Mark" });
      await expect
        .poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth))
        .toBe(16);
      await note(page, name).fill("half a sentence");
      await expectLive(name);
      await expect(note(page, name)).toHaveValue("half a sentence");

      const click = (role: "link" | "button", label: string) =>
        page.getByRole(role, { name: label, exact: true }).click();
      await click("link", "Search");
      await expect(page.getByRole("heading")).toHaveText(`en ${name} 1`);
      await expectLive(name);
      for (const label of ["Hash", "Native hash"]) {
        await click("link", label);
        await expect(page).toHaveURL(/#end$/);
        await expectLive(name);
      }
      await click("button", "Find");
      await expect(page.getByRole("heading")).toHaveText(`en ${name} 2`);
      await expectLive(name);
      await click("link", "Replace");
      await expectLive(`${name}-deeper`);
      await click("button", "Push");
      await expect(page.getByRole("heading")).toHaveText(`de ${name}-deeper-pushed 0`);
      await expectLive(`${name}-deeper-pushed`);
      await page.goBack();
      await expectLive(`${name}-deeper`);
      await click("button", "Order");
      await expect(shown(page, `${name}-deeper-ordered`)).toBeVisible();
      await expectLive(`${name}-deeper-ordered`);
      await click("link", "Moved");
      await expectLive(`${name}-deeper-ordered-moved`);

      // What the page has not found comes back.
      const gone = `${name}-deeper-ordered-moved-gone`;
      await write(gone, 1);
      await expect(page.getByText("Sold out")).toBeVisible();
      await write(gone, 0);
      await expectLive(`${name}-deeper-ordered-moved`);
      await expectSameWindow();

      // At most one request for each change, and streams without a redirect.
      const atEnd = renders.count;
      await expectLive(`${name}-deeper-ordered-moved`);
      await expectState(page, "live");
      expect(renders.count - atEnd).toBeLessThanOrEqual(2);
      expect(seen.streams.filter((path) => path !== "/shop/api/reactive/")).toEqual([]);

      // Another root layout is another document.
      await click("link", "Help");
      await expect(page.getByRole("heading", { name: "Help" })).toBeVisible();
      await expectLive(`${name}-deeper-ordered-moved-help`);
      await page.goBack();
      await expectLive(`${name}-deeper-ordered-moved`);

      await openLive(page, `${server.url}/shop/feed/${way}/`);
      const expectSameFeed = await markWindow(page);
      await note(page, `feed-${way}`).fill("half a sentence");
      await expectLive(`feed-${way}`);
      await click("link", "Open");
      await expect(page.getByRole("dialog")).toBeVisible();
      await expectLive(`photo-${way}`);
      await expectLive(`feed-${way}`);
      await expect(note(page, `feed-${way}`)).toHaveValue("half a sentence");
      await page.goBack();
      await expect(page.getByRole("dialog")).toBeHidden();
      await expectLive(`feed-${way}`);
      await expectSameFeed();

      expect(seen.assets.size).toBeGreaterThan(5);
      // A prefetch that was given up is no fault of the page.
      expect(seen.errors.filter((text) => !text.startsWith("Failed to load resource"))).toEqual([]);
    },
  );
}

test("a client component below a path writes", async ({ page }) => {
  const { errors } = await serveAssets(page);
  const name = `milk-${test.info().repeatEachIndex}`;
  await openLive(page, `${server.url}/shop/client/${name}/`);
  await page.getByRole("button", { name: "Add" }).click();
  await expect(shown(page, name)).toHaveText("1");
  await expect
    .poll(async () => (await fetch(`${server.url}/shop/route/${name}/`)).text())
    .toContain("<output>1</output>");
  expect(errors).toEqual([]);
});

test("what an export would leave dead does not build, and says why", async () => {
  const { log, hasSucceeded } = buildFixture(dir, { KAWA_E2E_OUTPUT: "export" });
  expect(hasSucceeded).toBe(false);
  expect(log).toContain("no page can be live");
  expect(await readFile(join(dir, ".next/BUILD_ID"), "utf8")).toBeTruthy();
});
