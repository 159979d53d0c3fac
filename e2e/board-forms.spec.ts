import { atStarter, expect, test } from "./fixtures.ts";
import { besideTokens, closeAll, openBoard, place } from "./support/board.ts";
import { markWindow } from "./support/lab.ts";
import { setCounter } from "./support/starter.ts";

test.use(atStarter);

test.beforeEach(async ({ server }) => {
  await setCounter(server, 0);
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
  await place(page, "Elif", { x: 4, y: 3 });
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

test("a refused change is told beside its form without JavaScript", async ({ browser, baseURL, request, server }) => {
  await setCounter(server, 1_000_000);
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
  await setCounter(server, 0);
  await closeAll(page);
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
  await place(page, "Farid", { x: 1, y: 0 });
  await expect(page.getByTestId("position-farid")).toHaveText("x 1, y 0");
  const theme = await page.getByTestId("theme").textContent();
  const expectSameWindow = await markWindow(page);

  const forge = async (name: string, value: string) => {
    const button = page.getByRole("button", { name, exact: true });
    await button.evaluate((element, forged) => element.setAttribute("value", forged), value);
    const answer = page.waitForResponse((response) => response.request().method() === "POST");
    await button.click(name.startsWith("Place") ? besideTokens : {});
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

  await expectSameWindow();
  const html = await (await request.get("/")).text();
  expect(html).toMatch(/data-testid="counter"[^>]*>0</);
  expect(html).toMatch(/data-testid="position-farid"[^>]*>x 1, y 0</);
  expect(html).toContain(`data-theme="${theme}"`);

  // An unknown person in the address is the first whom a guest may move.
  await page.goto("/?as=nobody");
  await expect(page.getByRole("form", { name: "Move Chika" })).toBeVisible();
});
