import { type BrowserContext, expect, type Page } from "@playwright/test";

/** Opens the starter's page in a browser of its own; `close()` of its context closes it. */
export async function openBoard(context: BrowserContext, baseURL: string, path = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL(path, baseURL).href);
  await expect(page.getByTestId("counter")).toBeVisible();
  return page;
}

export async function closeAll(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}
