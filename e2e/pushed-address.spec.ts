import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { countRenders, markWindow, openLive, refreshByApp } from "./support/lab.ts";

// `e2e/fuzz/pushed-addresses.ts` has the sequences that tell whether a page stays.

const openRun = async (page: Page, appUrl: string, address: string): Promise<string> => {
  const run = `${appUrl}/fuzz/${randomUUID()}`;
  await openLive(page, `${run}/${address}`);
  return run;
};

const add = (run: string, key: string): Promise<Response> => fetch(`${run}/values`, { method: "POST", body: key });

test("an address that is pushed costs no render of its own, nor does going back and forward, until the page has changed", async ({
  page,
  labServer,
}) => {
  const run = await openRun(page, labServer.url, "search?of=a");
  const expectSameWindow = await markWindow(page);
  // The page prefetches others whole.
  const renders = countRenders(page, /\/search/);
  await page.getByRole("textbox").fill("half a sentence");
  await page.evaluate(() => history.pushState(null, "", "?of=b"));
  await page.goBack();
  await expect(page).toHaveURL(`${run}/search?of=a`);
  await page.goForward();
  await expect(page).toHaveURL(`${run}/search?of=b`);
  await page.evaluate(() => history.replaceState({ kept: true }, "", "?of=b&again"));
  await page.goBack();
  await expect(page).toHaveURL(`${run}/search?of=a`);
  await page.goForward();
  await expect(page).toHaveURL(`${run}/search?of=b&again`);
  await expect(page.locator('output[data-key="a"]')).toHaveText("0");
  expect(await page.evaluate(() => (history.state as { kept?: boolean }).kept)).toBe(true);
  // The stream may have met the page while it moved, and asks for it once then.
  expect(renders.count).toBeLessThanOrEqual(1);

  // A refresh renders the page for the address that it has now.
  await add(run, "a");
  await expect(page.locator('output[data-key="b"]')).toHaveText("0");
  await page.goBack();
  await expect(page.locator('output[data-key="a"]')).toHaveText("1");
  await expect(page.getByRole("textbox")).toHaveValue("half a sentence");
  await expectSameWindow();
});

test("a modal over a page to which another path was given stays, and so does the page", async ({ page, labServer }) => {
  const run = await openRun(page, labServer.url, "segment");
  const expectSameWindow = await markWindow(page);
  await page.getByRole("textbox").fill("half a sentence");
  // There are no such pages.
  await page.evaluate(() => history.pushState(null, "", "elsewhere"));
  await page.evaluate(() => history.pushState(null, "", "farther?of=a"));
  await page.locator('[data-to="photo"]').evaluate((link: HTMLElement) => link.click());
  await expect(page.getByRole("dialog")).toBeVisible();
  for (const value of ["1", "2"]) {
    await add(run, "b");
    await expect(page.locator('output[data-key="b"]')).toHaveText(value);
  }
  await expect(page.getByRole("dialog")).toBeVisible();
  await expect(page.getByRole("textbox")).toHaveValue("half a sentence");
  await expectSameWindow();
});

test("an address that is replaced while a refresh waits behind an action of Kawa's own costs no document", async ({
  page,
  labServer,
}) => {
  const run = await openRun(page, labServer.url, "fragment");
  const expectSameWindow = await markWindow(page);
  // Next shows the state before the refresh then, and goes on from the one after it.
  await page.evaluate(() => {
    const send = window.fetch;
    window.fetch = (url, init) => {
      const isAction = new Headers(init?.headers).has("next-action") && location.pathname.endsWith("/segment");
      if (isAction) {
        window.fetch = send;
        setTimeout(() => {
          (window as unknown as { next: { router: { refresh(): void } } }).next.router.refresh();
          history.replaceState(null, "", "?of=a");
        });
      }
      return send(url, init);
    };
  });
  await page.locator('[data-to="segment"]').evaluate((link: HTMLElement) => link.click());
  await expect(page).toHaveURL(`${run}/segment?of=a`);
  // What Next goes back to by this entry, and compares with what the server renders.
  type Entry = { __PRIVATE_NEXTJS_INTERNALS_TREE: { renderedSearch: string } };
  const renderedSearch = (): Promise<string> =>
    page.evaluate(() => (history.state as Entry).__PRIVATE_NEXTJS_INTERNALS_TREE.renderedSearch);
  await expect(async () => {
    const seen = await renderedSearch();
    await page.waitForTimeout(500);
    expect([seen, await renderedSearch()]).toEqual(["?of=a", "?of=a"]);
  }).toPass();
  await page.getByRole("textbox").fill("half a sentence");
  for (const value of ["1", "2"]) {
    await page.evaluate((search) => history.replaceState(null, "", search), `?of=${value}`);
    const added = add(run, "b");
    await refreshByApp(page);
    await added;
    await expect(page.locator('output[data-key="b"]')).toHaveText(value);
  }
  await expect(page.getByRole("textbox")).toHaveValue("half a sentence");
  await expectSameWindow();
});
