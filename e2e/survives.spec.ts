import type { Page, Request } from "@playwright/test";
import { atLab, expect, test } from "./fixtures.ts";
import { markWindow, openLive, writeCount } from "./support/lab.ts";

test.use(atLab);

async function fillPage(page: Page): Promise<void> {
  await page.getByLabel("Uncontrolled").fill("uncontrolled text");
  await page.getByLabel("Controlled", { exact: true }).fill("controlled text");
  await page.getByText("More").click();
}

async function expectFilled(page: Page): Promise<void> {
  await expect(page.getByLabel("Uncontrolled")).toHaveValue("uncontrolled text");
  await expect(page.getByLabel("Controlled", { exact: true })).toHaveValue("controlled text");
  await expect(page.locator("details")).toHaveAttribute("open", "");
}

test("a refresh leaves typed text, an open dialog with its focus, details and the scroll position as they are", async ({
  page,
  labServer,
}) => {
  await openLive(page, "/kept/kept");
  await fillPage(page);
  await page.evaluate(() => scrollTo(0, 1_200));
  await page.getByRole("button", { name: "Open the dialog" }).dispatchEvent("click");
  await page.getByLabel("In the dialog").fill("half a sen");
  const expectSameWindow = await markWindow(page);
  const scrollY = await page.evaluate(() => window.scrollY);

  for (let value = 1; value <= 3; value += 1) {
    await writeCount(labServer, "kept", value);
    await expect(page.locator("dialog p")).toHaveText(`Dialog at ${value}`);
  }
  await expect(page.locator("dialog")).toHaveAttribute("open", "");
  await expect(page.getByLabel("In the dialog")).toBeFocused();
  await expect(page.getByLabel("In the dialog")).toHaveValue("half a sen");
  expect(await page.evaluate(() => window.scrollY)).toBe(scrollY);
  await page.keyboard.press("Escape");
  await expectFilled(page);
  await expectSameWindow();
});

test("a refresh after history.replaceState does not scroll", async ({ page, labServer }) => {
  await openLive(page, "/kept/kept-replaced");
  await page.evaluate(() => {
    history.replaceState(null, "", `${location.pathname}?from=script`);
    scrollTo(0, 1_200);
  });
  for (let value = 1; value <= 3; value += 1) {
    await writeCount(labServer, "kept-replaced", value);
    await expect(page.locator("output")).toHaveText(String(value));
    expect(await page.evaluate(() => [window.scrollY, location.search])).toEqual([1_200, "?from=script"]);
  }
});

test("a slow refresh does not bring the visitor back to the page that was left", async ({ page, labServer }) => {
  await openLive(page, "/counter/left?other=reached");
  // The answer to the refresh comes when the visitor is somewhere else.
  let release = (): void => {};
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  const isRefresh = (request: Request): boolean =>
    request.method() === "POST" && request.url().includes("/counter/left");
  await page.route("**/counter/left?*", async (route) => {
    if (isRefresh(route.request())) await isReleased;
    await route.continue();
  });
  const asked = page.waitForRequest(isRefresh);
  await writeCount(labServer, "left", 1);
  await asked;
  const left = page.waitForResponse(/\/counter\/reached\?.*_rsc=/);
  await page.getByRole("link", { name: "Go to reached" }).click();
  await left;
  // Next shows the new page with the layouts of the refresh.
  release();
  await expect(page.getByRole("heading", { name: "reached" })).toBeVisible();
  await writeCount(labServer, "reached", 1);
  await expect(page.locator("output")).toHaveText("1");
  await expect(page.getByRole("heading", { name: "reached" })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/counter/reached");
});

test("a page that cannot be shown for a moment is shown again with the next good render", async ({
  page,
  labServer,
}) => {
  await openLive(page, "/failing/page/failing-page");
  const expectSameWindow = await markWindow(page);
  for (const round of [1, 2]) {
    await writeCount(labServer, "failing-page", -round);
    await expect(page.getByRole("alert").filter({ hasText: "cannot be shown" })).toBeVisible();
    await writeCount(labServer, "failing-page", round);
    await expect(page.locator("output")).toHaveText(String(round));
  }
  await expectSameWindow();
});
