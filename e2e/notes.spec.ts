import type { Page } from "@playwright/test";
import { atStarter, expect, test } from "./fixtures.ts";
import { closeAll, openBoard } from "./support/board.ts";

test.use(atStarter);

const note = (page: Page, text: string) => page.getByTestId("note").filter({ hasText: text });
const remove = (page: Page, text: string) => page.getByRole("button", { name: `Remove the note "${text}"` }).click();

async function add(page: Page, text: string): Promise<void> {
  await page.getByLabel("Note", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Add note" }).click();
  await expect(note(page, text)).toBeVisible();
}

test("a note comes and goes in every window, and the newest five are shown", async ({ browser, baseURL }) => {
  const [a, b] = [
    await openBoard(await browser.newContext(), baseURL!),
    await openBoard(await browser.newContext(), baseURL!),
  ];
  for (const number of [1, 2, 3, 4, 5]) await add(a, `Bring ${number} cups`);
  await expect(b.getByTestId("note").locator("p:first-child")).toHaveText(
    [5, 4, 3, 2, 1].map((number) => `Bring ${number} cups`),
  );
  await b.getByLabel("Note", { exact: true }).fill("half a sen");
  await add(a, "Bring tea");
  await expect(note(b, "Bring tea")).toBeVisible();
  await expect(note(b, "Bring 1 cups")).toHaveCount(0);
  await expect(b.getByTestId("note-count")).toHaveText("The newest 5 of 6");
  await expect(b.getByLabel("Note", { exact: true })).toHaveValue("half a sen");
  await remove(b, "Bring tea");
  await expect(note(a, "Bring tea")).toHaveCount(0);
  await expect(note(a, "Bring 1 cups")).toBeVisible();
  for (const number of [1, 2, 3, 4, 5]) await remove(a, `Bring ${number} cups`);
  await expect(b.getByText("Nobody has noted anything yet.")).toBeVisible();
  await closeAll(a, b);
});

test("notes work without JavaScript", async ({ browser, baseURL }) => {
  const page = await openBoard(await browser.newContext({ javaScriptEnabled: false }), baseURL!);
  await add(page, "Written on paper");
  await expect(note(page, "Written on paper")).toContainText("A guest");
  await remove(page, "Written on paper");
  await expect(note(page, "Written on paper")).toHaveCount(0);
  await closeAll(page);
});
