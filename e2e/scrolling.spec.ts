import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { openLive, writeCount } from "./support/lab.ts";

const topOf = (page: Page, selector: string): Promise<number> =>
  page.locator(selector).evaluate((element) => Math.round(element.getBoundingClientRect().top));

/** Scrolls the window so that the row is in its middle; scroll anchoring begins with the next frame. */
async function readAt(page: Page, selector: string): Promise<number> {
  await page.locator(selector).evaluate((element) => element.scrollIntoView({ block: "center" }));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return topOf(page, selector);
}

for (const way of ["route", "page", "fragment"]) {
  test(`what is read stays in its place while rows come and go above, and a chat at its end: ${way}`, async ({
    page,
    labServer,
  }) => {
    const name = `feed-${way}`;
    await openLive(page, `${labServer.url}/feed/${way}/${name}`);
    const change = async (count: number): Promise<void> => {
      await writeCount(labServer, name, count);
      await expect(page.locator("output")).toHaveText(String(count));
    };
    for (const row of ["[data-item='30']", "[data-row='30']", "[data-log='30']"]) {
      const top = await readAt(page, row);
      for (const count of [1, 8, 6]) {
        await change(count);
        expect(await topOf(page, row)).toBe(top);
        const left = await page
          .getByTestId("chat")
          .evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
        expect(Math.round(left)).toBe(0);
      }
      await change(0);
    }
    // Next takes the next refresh for a navigation, which scrolls.
    await page.evaluate(() => history.replaceState(null, "", `${location.pathname}?from=script`));
    const top = await readAt(page, "[data-item='30']");
    for (const count of [1, 3, 2]) {
      await change(count);
      expect(await topOf(page, "[data-item='30']")).toBe(top);
    }
    expect(new URL(page.url()).search).toBe("?from=script");
  });
}
