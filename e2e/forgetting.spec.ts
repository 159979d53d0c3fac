import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { putValue } from "./support/client-signals.ts";
import { openLive } from "./support/lab.ts";

// What a client component has shown to one visitor is not shown to the next one of the same browser.

test("going back after a sign-out never shows what was seen before it, with a stream that is slow", async ({
  page,
  labServer,
}) => {
  await seeAs(page, labServer.url, "Alice", "forgotten", "11");
  await push(page, "/session");
  // From now on no stream says that anything has ended or changed.
  await page.route("**/api/reactive", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await route.continue().catch(() => {});
  });
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("who")).toHaveText("a guest");
  await putValue(labServer.url, { id: "next forgotten", key: "lab:forgotten:shared", text: "[22]" });

  const seen = await recordPage(page);
  await page.goBack();
  await expect(page.getByTestId("client")).toHaveText("22");
  expect(await seen("11")).toBe(false);
});

test("going back by a new document never shows it either", async ({ page, labServer }) => {
  await seeAs(page, labServer.url, "Alice", "restored", "31");
  await page.goto(`${labServer.url}/session`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("who")).toHaveText("a guest");
  await putValue(labServer.url, { id: "next restored", key: "lab:restored:shared", text: "[32]" });

  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const look = (): void => {
      seen.push(document.querySelector("[data-testid=client]")?.textContent ?? "");
      requestAnimationFrame(look);
    };
    look();
  });
  await page.goBack();
  await expect(page.getByTestId("client")).toHaveText("32");
  expect(await page.evaluate(() => (window as unknown as { seen?: string[] }).seen ?? [])).not.toContain("31");
});

test("other tabs of the browser forget it, though no stream tells them", async ({ page, context, labServer }) => {
  await seeAs(page, labServer.url, "Alice", "tabs", "41");
  const other = await context.newPage();
  await other.goto(`${labServer.url}/session`);
  await page.route("**/api/reactive", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  const seen = await recordPage(page);
  await putValue(labServer.url, { id: "next tabs", key: "lab:tabs:shared", text: "[42]" });
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("client")).toHaveText("42");
  expect(await seen("41")).toBe(false);
});

async function seeAs(page: Page, url: string, name: string, key: string, value: string): Promise<void> {
  await putValue(url, { id: `first ${key}`, key: `lab:${key}:shared`, text: `[${value}]` });
  await page.goto(`${url}/session`);
  await page.getByRole("button", { name: `Sign in as ${name}` }).click();
  await expect(page.getByTestId("who")).toHaveText(name);
  await openLive(page, `${url}/client/${key}`);
  await expect(page.getByTestId("client")).toHaveText(value);
}

/** Goes to another page without a new document. */
async function push(page: Page, path: string): Promise<void> {
  await page.evaluate(
    (to) => (window as unknown as { next: { router: { push(to: string): void } } }).next.router.push(to),
    path,
  );
  await expect(page.getByTestId("who")).toBeVisible();
}

/** Tells whether a client component has shown a text since it was shown again, or in any frame from now on. */
async function recordPage(page: Page): Promise<(text: string) => Promise<boolean>> {
  await page.evaluate(() => {
    const texts = new Set<string>();
    Object.assign(window, { shownTexts: texts });
    const before = document.querySelector("[data-testid=client]")?.textContent;
    const note = (): void => {
      const text = document.querySelector("[data-testid=client]")?.textContent;
      // What is on the screen when the record begins is nobody's fault.
      if (text !== undefined && text !== null && text !== before) texts.add(text);
    };
    new MutationObserver(note).observe(document, { childList: true, subtree: true, characterData: true });
  });
  return (text) =>
    page.evaluate((wanted) => (window as unknown as { shownTexts: Set<string> }).shownTexts.has(wanted), text);
}
