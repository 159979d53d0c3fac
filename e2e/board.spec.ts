import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { APIRequestContext, BrowserContext, Page } from "@playwright/test";
import { atStarter, expect, test } from "./fixtures.ts";
import { appDir } from "./support/server.ts";

test.use(atStarter);

test.beforeEach(async ({ request }) => {
  await setCounter(request, 0);
});

test("a click in one window changes the text of another without a reload", async ({ browser, baseURL }) => {
  const a = await openBoard(await browser.newContext(), baseURL!);
  const b = await openBoard(await browser.newContext({ viewport: { width: 375, height: 600 } }), baseURL!);
  await b.getByLabel("Add", { exact: true }).fill("42");
  await b.evaluate(() => scrollTo(0, 300));
  const scrollY = await b.evaluate(() => window.scrollY);
  expect(scrollY).toBeGreaterThan(0);
  await mark(b);

  await a.getByRole("button", { name: "Add 1" }).click();
  await expect(b.getByTestId("counter")).toHaveText("1");
  await a.getByRole("button", { name: "Subtract 1" }).click();
  await expect(b.getByTestId("counter")).toHaveText("0");
  await a.getByLabel("Add", { exact: true }).fill("250");
  await a.getByRole("button", { name: "Add to counter" }).click();
  await expect(b.getByTestId("counter")).toHaveText("250");
  await a.getByRole("button", { name: "Reset" }).click();
  await expect(b.getByTestId("counter")).toHaveText("0");

  await expect(b.getByLabel("Add", { exact: true })).toHaveValue("42");
  expect(await b.evaluate(() => window.scrollY)).toBe(scrollY);
  await expectSameDocument(b);
  await closeAll(a, b);
});

test("a person moves in every window, each window has its own person", async ({ browser, baseURL }) => {
  const a = await openBoard(await browser.newContext(), baseURL!);
  const b = await openBoard(await browser.newContext(), baseURL!, "/?as=dario");
  await mark(a);
  await mark(b);

  await a.getByRole("link", { name: /^Elif/ }).click();
  await expect(a).toHaveURL(/\?as=elif$/);
  await a.getByRole("button", { name: "Place Elif at x 2, y 2" }).click();
  await expect(b.getByTestId("position-elif")).toHaveText("x 2, y 2");
  await a.getByRole("button", { name: "Move Elif up" }).click();
  await expect(b.getByTestId("position-elif")).toHaveText("x 2, y 1");

  await b.getByRole("button", { name: "Place Dario at x 7, y 0" }).click();
  await expect(a.getByTestId("position-dario")).toHaveText("x 7, y 0");
  await b.getByRole("button", { name: "Move Dario right" }).click();
  await b.getByRole("button", { name: "Move Dario down" }).click();
  await expect(a.getByTestId("position-dario")).toHaveText("x 7, y 1");

  await expectSameDocument(a);
  await expectSameDocument(b);
  await closeAll(a, b);
});

test("the windows that are open are counted, also in the HTML", async ({ browser, baseURL, request }) => {
  // Those of other tests are gone some seconds after they were closed.
  const timeout = 30_000;
  const a = await openBoard(await browser.newContext(), baseURL!);
  await expect(a.getByTestId("windows")).toHaveText("1 window open", { timeout });
  const b = await openBoard(await browser.newContext(), baseURL!);
  for (const page of [a, b]) await expect(page.getByTestId("windows")).toHaveText("2 windows open");
  expect(await (await request.get("/")).text()).toContain("2 windows open");
  await b.context().close();
  await expect(a.getByTestId("windows")).toHaveText("1 window open", { timeout });
  await closeAll(a);
});

test("the theme that one chooses is the theme of all", async ({ browser, baseURL }) => {
  const a = await openBoard(await browser.newContext({ colorScheme: "light" }), baseURL!);
  const b = await openBoard(await browser.newContext({ colorScheme: "light" }), baseURL!);
  const background = () => b.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await a.getByRole("button", { name: "System" }).click();
  await expect(b.getByTestId("theme")).toHaveText("system");
  const light = await background();
  await b.emulateMedia({ colorScheme: "dark" });
  const dark = await background();
  expect(dark).not.toBe(light);

  await b.emulateMedia({ colorScheme: "light" });
  await a.getByRole("button", { name: "Dark" }).click();
  await expect(b.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByRole("button", { name: "Dark" })).toHaveAttribute("aria-pressed", "true");
  expect(await background()).toBe(dark);

  await b.emulateMedia({ colorScheme: "dark" });
  await b.getByRole("button", { name: "Light" }).click();
  await expect(a.getByTestId("theme")).toHaveText("light");
  await expect(b.getByTestId("theme")).toHaveText("light");
  expect(await background()).toBe(light);
  await a.getByRole("button", { name: "System" }).click();
  await expect(b.getByTestId("theme")).toHaveText("system");
  await closeAll(a, b);
});

test("a theme that is chosen without a network is shown at once, and taken back with a word", async ({
  browser,
  baseURL,
}) => {
  const page = await openBoard(await browser.newContext(), baseURL!);
  await page.getByRole("button", { name: "System" }).click();
  await expect(page.getByTestId("theme")).toHaveText("system");
  await page.route("**/api/reactive*", (route) =>
    route.request().method() === "PUT" ? route.abort() : route.continue(),
  );
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "The theme was not changed." })).toBeVisible();
  await expect(page.getByTestId("theme")).toHaveText("system");
  await page.unroute("**/api/reactive*");
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.getByTestId("theme")).toHaveText("dark");
  await expect(page.getByRole("alert").filter({ hasText: "The theme was not changed." })).toBeHidden();
  await page.getByRole("button", { name: "System" }).click();
  await expect(page.getByTestId("theme")).toHaveText("system");
  await closeAll(page);
});

test("every form works without JavaScript", async ({ browser, baseURL }) => {
  const page = await openBoard(await browser.newContext({ javaScriptEnabled: false }), baseURL!, "/?as=elif");

  // `getByText` leaves out what is in a noscript.
  await expect(page.locator("noscript p")).toHaveText(/^Not live without JavaScript/);
  await expect(page.locator("noscript p")).toBeVisible();
  await expect(page.getByTestId("live")).toBeHidden();
  await page.getByRole("button", { name: "Add 1" }).click();
  await expect(page.getByTestId("counter")).toHaveText("1");
  await page.getByLabel("Add", { exact: true }).fill("30");
  await page.getByRole("button", { name: "Add to counter" }).click();
  await expect(page.getByTestId("counter")).toHaveText("31");
  await page.getByRole("button", { name: "Place Elif at x 4, y 3" }).click();
  await expect(page.getByTestId("position-elif")).toHaveText("x 4, y 3");
  await page.getByRole("button", { name: "Move Elif left" }).click();
  await expect(page.getByTestId("position-elif")).toHaveText("x 3, y 3");
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.getByTestId("theme")).toHaveText("dark");
  await page.getByRole("button", { name: "System" }).click();
  await expect(page.getByTestId("theme")).toHaveText("system");
  await page.getByRole("link", { name: /^Alice/ }).click();
  await expect(page.getByRole("form", { name: "Move Alice" })).toBeVisible();
  await page.getByRole("button", { name: "Reset" }).click();
  await expect(page.getByTestId("counter")).toHaveText("0");
  await closeAll(page);
});

test("a refused change is told beside its form without JavaScript", async ({ browser, baseURL, request }) => {
  await setCounter(request, 1_000_000);
  const page = await openBoard(await browser.newContext({ javaScriptEnabled: false }), baseURL!);
  const steps = page.getByRole("form", { name: "Change the counter" });
  const add = page.getByRole("form", { name: "Add a number to the counter" });
  await page.getByRole("button", { name: "Add 1" }).click();
  await expect(steps.getByRole("alert")).toHaveText("The counter goes from -1000000 to 1000000.");
  await page.getByRole("button", { name: "Add to counter" }).click();
  await expect(add.getByRole("alert")).toHaveText("The counter goes from -1000000 to 1000000.");
  await expect(page.getByTestId("counter")).toHaveText("1000000");

  await page.getByRole("button", { name: "Subtract 1" }).click();
  await expect(page.getByTestId("counter")).toHaveText("999999");
  await expect(steps.getByRole("alert")).toBeHidden();
  await page.getByRole("button", { name: "Reset" }).click();
  await expect(page.getByTestId("counter")).toHaveText("0");
  expect((await request.post("/api/counter", { form: { by: "1000000" } })).status()).toBe(200);
  expect((await request.post("/api/counter", { form: { by: "1" } })).status()).toBe(403);
  await setCounter(request, 0);
  await closeAll(page);
});

test("the HTML holds the current values", async ({ page, request }) => {
  await page.goto("/?as=chika");
  await page.getByRole("button", { name: "Place Chika at x 5, y 4" }).click();
  await expect(page.getByTestId("position-chika")).toHaveText("x 5, y 4");
  await setCounter(request, 7310);

  const html = await (await request.get("/")).text();
  expect(html).toMatch(/data-testid="counter"[^>]*>7310</);
  expect(html).toMatch(/data-testid="position-chika"[^>]*>x 5, y 4</);
  expect(html).toContain(`data-theme="${await page.getByTestId("theme").textContent()}"`);
});

test("a program's request moves an open page", async ({ page, request }) => {
  await page.goto("/");
  await mark(page);
  const before = (await (await request.get("/api/counter")).json()) as unknown;
  expect(before).toEqual({ counter: 0 });

  const response = await request.post("/api/counter", { form: { by: "5" } });
  expect(response.status()).toBe(200);
  expect(await response.json()).toEqual({ counter: 5 });
  await expect(page.getByTestId("counter")).toHaveText("5");
  await expectSameDocument(page);
});

test("the counter's address says what it refuses", async ({ request, baseURL }) => {
  const post = async (data: string, headers: Record<string, string> = {}) => {
    const response = await request.post("/api/counter", {
      data,
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    });
    return { status: response.status(), ...((await response.json()) as { error?: string; counter?: number }) };
  };

  for (const body of ["", "5", "by=", "by=five", "by=NaN", "by=1.5", "by=1e3", "by=Infinity", "by=9000000"]) {
    expect(await post(body), body).toMatchObject({ status: 400, error: expect.stringContaining('such as "by=5"') });
  }
  expect(await post(`by=5&padding=${"x".repeat(1024)}`)).toMatchObject({ status: 413 });
  expect(await post("by=5", { origin: "https://elsewhere.example" })).toMatchObject({ status: 403 });
  expect(await post("by=5", { origin: "null" })).toMatchObject({ status: 403 });
  expect(await post("by=5", { "sec-fetch-site": "cross-site" })).toMatchObject({ status: 403 });

  expect(await post("by=5", { origin: baseURL! })).toEqual({ status: 200, counter: 5 });
  expect(await post("by=-5")).toEqual({ status: 200, counter: 0 });
});

test("made-up form values change nothing and the page stays", async ({ page, request }) => {
  await page.goto("/?as=farid");
  await page.getByRole("button", { name: "Place Farid at x 1, y 0" }).click();
  await expect(page.getByTestId("position-farid")).toHaveText("x 1, y 0");
  const theme = await page.getByTestId("theme").textContent();
  await mark(page);

  const forge = async (name: string, value: string) => {
    const button = page.getByRole("button", { name, exact: true });
    await button.evaluate((element, forged) => element.setAttribute("value", forged), value);
    const answer = page.waitForResponse((response) => response.request().method() === "POST");
    await button.click();
    expect((await answer).status()).toBe(200);
  };
  await forge("Add 1", "NaN");
  await forge("Add 1", "1e999");
  await forge("Place Farid at x 2, y 0", "8,0");
  await forge("Place Farid at x 2, y 0", "-1,NaN");
  await forge("Move Farid up", "toString");
  await page
    .locator('input[name="person"]')
    .last()
    .evaluate((input) => input.setAttribute("value", "nobody"));
  await forge("Move Farid left", "left");

  await expectSameDocument(page);
  const html = await (await request.get("/")).text();
  expect(html).toMatch(/data-testid="counter"[^>]*>0</);
  expect(html).toMatch(/data-testid="position-farid"[^>]*>x 1, y 0</);
  expect(html).toContain(`data-theme="${theme}"`);

  // An unknown person in the address is the first whom a guest may move.
  await page.goto("/?as=nobody");
  await expect(page.getByRole("form", { name: "Move Chika" })).toBeVisible();
});

test("the page fits a phone and shows its own code", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto("/");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  const { host } = new URL(page.url());
  await expect(page.getByTestId("curl")).toHaveText(`curl ${host}/api/counter -d by=5`);

  const lines = page.getByTestId("code");
  await expect(lines).toHaveCount(3);
  for (const line of await lines.all()) {
    const file = await line.getAttribute("data-file");
    expect(await readFile(join(appDir, file!), "utf8")).toContain(await line.textContent());
  }
});

test("an address without a page answers 404 with a way home", async ({ page }) => {
  const response = await page.goto("/nowhere");
  expect(response?.status()).toBe(404);
  await page.getByRole("link", { name: "Go to the board" }).click();
  await expect(page.getByTestId("counter")).toBeVisible();
});

async function openBoard(context: BrowserContext, baseURL: string, path = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL(path, baseURL).href);
  await expect(page.getByTestId("counter")).toBeVisible();
  return page;
}

async function closeAll(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}

/** Leaves a mark in the document, which a reload would lose. */
async function mark(page: Page): Promise<void> {
  await page.evaluate(() => void Object.assign(window, { isSameDocument: true }));
}

async function expectSameDocument(page: Page): Promise<void> {
  expect(await page.evaluate(() => "isSameDocument" in window)).toBe(true);
}

async function setCounter(request: APIRequestContext, value: number): Promise<void> {
  const { counter } = (await (await request.get("/api/counter")).json()) as { counter: number };
  const response = await request.post("/api/counter", { form: { by: value - counter } });
  expect(response.status()).toBe(200);
}
