import { type BrowserContext, expect, type Page } from "@playwright/test";

/** Opens the starter's page in a browser of its own; `close()` of its context closes it. */
export async function openBoard(context: BrowserContext, baseURL: string, path = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL(path, baseURL).href);
  await expect(page.getByTestId("counter")).toBeVisible();
  return page;
}

/** A corner of a cell, which no token covers: who stands there from an earlier test is not in the way. */
export const besideTokens = { position: { x: 3, y: 3 } };

/** Places a person, also where somebody else stands. */
export async function place(page: Page, name: string, { x, y }: { x: number; y: number }): Promise<void> {
  await page.getByRole("button", { name: `Place ${name} at x ${x}, y ${y}` }).click(besideTokens);
}

export async function closeAll(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}
