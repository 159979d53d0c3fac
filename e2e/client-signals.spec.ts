import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { openLive } from "./support/lab.ts";

/** Everything that the page says went wrong. */
function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}

async function write(page: Page, value: number): Promise<void> {
  const form = page.getByRole("form", { name: "client" });
  await form.getByLabel("Value").fill(String(value));
  await form.getByRole("button", { name: "Set" }).click();
}

test("a theme switcher in a client component changes what all browsers show", async ({ browser, server }) => {
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [await contextA.newPage(), await contextB.newPage()];
  const errors = [watchErrors(a), watchErrors(b)];
  await openLive(a, `${server.url}/lab/client/theme`);
  await openLive(b, `${server.url}/lab/client/theme`);
  await expect(b.getByTestId("theme")).toHaveText("system");

  await a.getByRole("button", { name: "dark" }).click();

  await expect(a.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByRole("button", { name: "dark" })).toHaveAttribute("aria-pressed", "true");
  expect(errors).toEqual([[], []]);
  await contextA.close();
  await contextB.close();
});

test("a value that others write comes without a render of the page", async ({ page, browser, server }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/no-render`);
  await openLive(other, `${server.url}/lab/client/no-render`);
  const renders: string[] = [];
  page.on("request", (request) => request.headers()["rsc"] === "1" && renders.push(request.url()));

  // Only client components read the theme; the number is read by a server component, too.
  await other.getByRole("button", { name: "light" }).click();
  await expect(page.getByTestId("theme")).toHaveText("light");
  expect(renders).toEqual([]);

  await write(other, 7);
  await expect(page.getByTestId("client")).toHaveText("7");
  await expect(page.getByTestId("client-double")).toHaveText("14");
  await expect(page.getByTestId("late")).toHaveText("7");
  await expect(page.getByTestId("server")).toHaveText("7");
  expect(renders).toHaveLength(1);
  await other.context().close();
});

test("a writer sees its value at once, and others when it is accepted", async ({ page, browser, server }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/slow`);
  await openLive(other, `${server.url}/lab/client/slow`);
  const shown = await recordTexts(page, "client");
  const seen = await recordTexts(other, "client");
  const answer = page.waitForResponse((response) => response.request().method() === "PUT");

  await write(page, 1_000_000);
  await expect(page.getByTestId("client")).toHaveText("1000000");
  await expect(page.getByTestId("client-pending")).toHaveText("true");
  expect(await other.getByTestId("client").textContent()).toBe("0");

  expect((await answer).status()).toBe(200);
  await expect(other.getByTestId("client")).toHaveText("1000000");
  await expect(page.getByTestId("client-pending")).toHaveText("false");
  await expect(page.getByTestId("server")).toHaveText("1000000");
  // Neither goes back in between.
  expect(await shown()).toEqual(["1000000"]);
  expect(await seen()).toEqual(["1000000"]);
  await other.context().close();
});

test("a refused write is taken back with its reason, and never seen by another browser", async ({ page, browser, server }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/refused`);
  await openLive(other, `${server.url}/lab/client/refused`);
  const seen = await recordTexts(other, "client");

  await write(page, -1_000_000);
  await expect(page.getByTestId("client")).toHaveText("-1000000");
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveText("Numbers below zero cannot be saved.");
  await expect(page.getByTestId("client")).toHaveText("0");

  // What comes after it has come to the other browser, and the refused one had not.
  await write(page, 3);
  await expect(other.getByTestId("client")).toHaveText("3");
  expect(await seen()).toEqual(["3"]);
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveCount(0);
  await other.context().close();
});

test("a write without a connection is taken back with its reason", async ({ page, context, server }) => {
  await openLive(page, `${server.url}/lab/client/offline`);
  await context.setOffline(true);
  await page.getByRole("form", { name: "client" }).getByRole("button", { name: "Add one" }).click();
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveText("There is no connection. It was not saved.");
  await expect(page.getByTestId("client")).toHaveText("0");
  await context.setOffline(false);
});

test("two tabs that race on one key end equal, and lose no update", async ({ context, server }) => {
  const [a, b] = [await context.newPage(), await context.newPage()];
  await openLive(a, `${server.url}/lab/client/race`);
  await openLive(b, `${server.url}/lab/client/race`);
  const clicks = 20;
  const add = (page: Page): Promise<void> =>
    page.getByRole("form", { name: "client" }).getByRole("button", { name: "Add one" }).evaluate((button: HTMLElement, count) => {
      for (let click = 0; click < count; click += 1) button.click();
    }, clicks);
  await Promise.all([add(a), add(b)]);
  for (const page of [a, b]) {
    await expect(page.getByTestId("client")).toHaveText(String(2 * clicks));
    await expect(page.getByTestId("client-pending")).toHaveText("false");
    await expect(page.getByTestId("server")).toHaveText(String(2 * clicks));
  }
});

test("a soft navigation shows values without a flash of defaults", async ({ page, server }) => {
  await openLive(page, `${server.url}/lab/client/soft-b`);
  await write(page, 5);
  await expect(page.getByTestId("server")).toHaveText("5");
  await openLive(page, `${server.url}/lab/client/soft-a?other=soft-b`);
  await page.evaluate(() => {
    const texts = new Set<string>();
    Object.assign(window, { texts });
    new MutationObserver(() => {
      const heading = document.querySelector("h1")?.textContent;
      texts.add(`${heading} ${document.querySelector("[data-testid=client]")?.textContent}`);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole("link", { name: "Go to soft-b" }).click();
  await expect(page.getByRole("heading", { name: "soft-b" })).toBeVisible();
  await expect(page.getByTestId("client")).toHaveText("5");
  expect(await page.evaluate(() => [...(window as unknown as { texts: Set<string> }).texts])).not.toContain("soft-b 0");
});

/** Returns what tells the texts that an element has had from now on. */
async function recordTexts(page: Page, testId: string): Promise<() => Promise<string[]>> {
  const element = page.getByTestId(testId);
  await element.evaluate((output) => {
    const texts: string[] = [];
    Object.assign(output, { texts });
    new MutationObserver(() => {
      if (texts.at(-1) !== output.textContent) texts.push(output.textContent);
    }).observe(output, { childList: true, subtree: true, characterData: true });
  });
  return () => element.evaluate((output) => (output as unknown as { texts: string[] }).texts);
}
