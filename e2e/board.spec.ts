import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { atStarter, expect, test } from "./fixtures.ts";
import { closeAll, openBoard, place } from "./support/board.ts";
import { markWindow } from "./support/lab.ts";
import { appDir } from "./support/server.ts";
import { setCounter } from "./support/starter.ts";

test.use(atStarter);

test.beforeEach(async ({ server }) => {
  await setCounter(server, 0);
});

test("a click in one window changes the text of another without a reload", async ({ browser, baseURL }) => {
  const a = await openBoard(await browser.newContext(), baseURL!);
  const b = await openBoard(await browser.newContext({ viewport: { width: 375, height: 600 } }), baseURL!);
  await b.getByLabel("Add", { exact: true }).fill("42");
  await b.evaluate(() => scrollTo(0, 300));
  const scrollY = await b.evaluate(() => window.scrollY);
  expect(scrollY).toBeGreaterThan(0);
  const expectSameWindow = await markWindow(b);

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
  await expectSameWindow();
  await closeAll(a, b);
});

test("a person moves in every window, each window has its own person", async ({ browser, baseURL }) => {
  const a = await openBoard(await browser.newContext(), baseURL!);
  const b = await openBoard(await browser.newContext(), baseURL!, "/?as=dario");
  const expectSameWindowOfA = await markWindow(a);
  const expectSameWindowOfB = await markWindow(b);

  await a.getByRole("link", { name: /^Elif/ }).click();
  await expect(a).toHaveURL(/\?as=elif$/);
  await place(a, "Elif", { x: 2, y: 2 });
  await expect(b.getByTestId("position-elif")).toHaveText("x 2, y 2");
  await a.getByRole("button", { name: "Move Elif up" }).click();
  await expect(b.getByTestId("position-elif")).toHaveText("x 2, y 1");

  await place(b, "Dario", { x: 7, y: 0 });
  await expect(a.getByTestId("position-dario")).toHaveText("x 7, y 0");
  await b.getByRole("button", { name: "Move Dario right" }).click();
  await b.getByRole("button", { name: "Move Dario down" }).click();
  await expect(a.getByTestId("position-dario")).toHaveText("x 7, y 1");

  await expectSameWindowOfA();
  await expectSameWindowOfB();
  await closeAll(a, b);
});

test("a person is placed where somebody else stands, and both can be seen and chosen", async ({ page }) => {
  await page.goto("/?as=dario");
  await place(page, "Dario", { x: 3, y: 1 });
  await expect(page.getByTestId("position-dario")).toHaveText("x 3, y 1");
  await page.getByRole("link", { name: /^Elif/ }).click();
  await place(page, "Elif", { x: 3, y: 1 });
  await expect(page.getByTestId("position-elif")).toHaveText("x 3, y 1");
  await page.getByText("D", { exact: true }).click();
  await expect(page).toHaveURL(/\?as=dario$/);
  await page.getByText("E", { exact: true }).click();
  await expect(page).toHaveURL(/\?as=elif$/);
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

test("a page says that it may be out of date while its server is away, and is live when it is back", async ({
  page,
  server,
}) => {
  await page.goto("/");
  await expect(page.getByTestId("live")).toHaveText("Live");
  await server.stop();
  await expect(page.getByText("Offline: this may be out of date")).toBeVisible();
  await server.start();
  await expect(page.getByTestId("live")).toHaveText("Live");
});

test("the HTML holds the current values", async ({ page, request, server }) => {
  await page.goto("/?as=chika");
  await place(page, "Chika", { x: 5, y: 4 });
  await expect(page.getByTestId("position-chika")).toHaveText("x 5, y 4");
  await setCounter(server, 7310);

  const html = await (await request.get("/")).text();
  expect(html).toMatch(/data-testid="counter"[^>]*>7310</);
  expect(html).toMatch(/data-testid="position-chika"[^>]*>x 5, y 4</);
  expect(html).toContain(`data-theme="${await page.getByTestId("theme").textContent()}"`);
});

test("a program's request moves an open page", async ({ page, request }) => {
  await page.goto("/");
  const expectSameWindow = await markWindow(page);
  const before = (await (await request.get("/api/counter")).json()) as unknown;
  expect(before).toEqual({ counter: 0 });

  const response = await request.post("/api/counter", { form: { by: "5" } });
  expect(response.status()).toBe(200);
  expect(await response.json()).toEqual({ counter: 5 });
  await expect(page.getByTestId("counter")).toHaveText("5");
  await expectSameWindow();
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
