import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { holdWrites, putValue, recordTexts, watchErrors } from "./support/client-signals.ts";
import { countRenders, expectState, openLive, writeCount } from "./support/lab.ts";

/** Counts what is read from the route of the signals. */
function countReads(page: Page): { readonly count: number } {
  const counter = { count: 0 };
  page.on("request", (request) => {
    if (request.method() === "GET" && request.url().includes("/api/reactive")) counter.count += 1;
  });
  return counter;
}

/** Resolves when the value is accepted. */
async function put(url: string, key: string, value: unknown): Promise<void> {
  const response = await putValue(url, { id: crypto.randomUUID(), key: `lab:${key}`, text: JSON.stringify([value]) });
  if (!response.ok) throw new Error(`Writing ${key} was answered with ${response.status}.`);
}

async function write(page: Page, value: number): Promise<void> {
  await page.getByLabel("Value").fill(String(value));
  await page.getByRole("button", { name: "Set" }).click();
}

test("values of queries are in the HTML, prefetched or not, and are not read again", async ({ page, labServer }) => {
  await put(labServer.url, "query-html:shared", 42);
  await put(labServer.url, "query-html:theme", "dark");
  const html = await (await fetch(`${labServer.url}/query/query-html`)).text();
  expect(html).toMatch(/data-testid="query">42</);
  expect(html).toMatch(/data-testid="parity">even</);
  expect(html).toMatch(/data-testid="theme">dark</);

  const errors = watchErrors(page);
  const reads = countReads(page);
  await openLive(page, `${labServer.url}/query/query-html`);
  await put(labServer.url, "query-html:shared", 43);
  await expect(page.getByTestId("query")).toHaveText("43");
  expect(reads.count).toBe(0);
  expect(errors).toEqual([]);
});

test("what others write comes into the app's own cache without any request", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/query/query-live`);
  const reads = countReads(page);
  const renders = countRenders(page);
  for (const value of [1, 2, 3]) {
    await put(labServer.url, "query-live:shared", value);
    await expect(page.getByTestId("query")).toHaveText(String(value));
    await expect(page.getByTestId("cached")).toHaveText(String(value));
    await expect(page.getByTestId("parity")).toHaveText(value === 2 ? "even" : "odd");
  }
  await put(labServer.url, "query-live:theme", "light");
  await expect(page.getByTestId("theme")).toHaveText("light");
  expect({ reads: reads.count, renders: renders.count }).toEqual({ reads: 0, renders: 0 });
  // What makes other queries fetch again. Kawa renders the page again when it was offline.
  await page.evaluate(() => {
    window.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
  });
  await put(labServer.url, "query-live:shared", 4);
  await expect(page.getByTestId("query")).toHaveText("4");
  expect(reads.count).toBe(0);
});

test("HTML that comes late is taken over as it is, and current at once", async ({ page, labServer }) => {
  const errors = watchErrors(page);
  await page.goto(`${labServer.url}/query/query-late?late`, { waitUntil: "commit" });
  await expectState(page, "live");
  await put(labServer.url, "query-late:shared", 1);
  await expect(page.getByTestId("query")).toHaveText("1");
  await expect(page.getByTestId("late")).toHaveCount(0);
  await writeCount(labServer, "query-late-gate", 1);

  await expect(page.getByTestId("late")).toHaveText("odd");
  expect(errors).toEqual([]);
});

test("a mutation is shown at once, and never goes back when it is accepted", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/query/query-slow`);
  const shown = await recordTexts(page, "query");
  const answer = page.waitForResponse((response) => response.request().method() === "PUT");

  const letWritesGo = await holdWrites(page);
  await write(page, 7);
  await expect(page.getByTestId("query")).toHaveText("7");
  await expect(page.getByTestId("pending")).toHaveText("true");
  // The next one is shown before the first is accepted.
  await page.getByRole("button", { name: "Add one" }).click();
  await expect(page.getByTestId("query")).toHaveText("8");
  letWritesGo();

  expect((await answer).status()).toBe(204);
  await expect(page.getByTestId("pending")).toHaveText("false");
  await expect(page.getByTestId("cached")).toHaveText("8");
  expect(await shown()).toEqual(["7", "8"]);
});

test("a refused mutation is taken back with its reason", async ({ page, labServer }) => {
  await put(labServer.url, "query-refused:shared", 5);
  await openLive(page, `${labServer.url}/query/query-refused`);
  const shown = await recordTexts(page, "query");
  const writes: string[] = [];
  page.on("request", (request) => request.method() === "PUT" && writes.push(request.url()));

  const letWritesGo = await holdWrites(page);
  await write(page, -1);
  await expect(page.getByTestId("query")).toHaveText("-1");
  letWritesGo();
  await expect(page.getByRole("alert").filter({ hasText: "Numbers below zero cannot be saved." })).toHaveAttribute(
    "data-kawa",
    "true",
  );
  await expect(page.getByTestId("query")).toHaveText("5");
  await expect(page.getByTestId("cached")).toHaveText("5");
  expect(await shown()).toEqual(["-1", "5"]);
  // The app's own defaults would have it written again.
  expect(writes).toHaveLength(1);
});

test("a soft navigation shows what was prefetched without a flash, and reads only the rest", async ({
  page,
  labServer,
}) => {
  await put(labServer.url, "query-soft-b:shared", 7);
  await openLive(page, `${labServer.url}/query/query-soft-a?other=query-soft-b`);
  const reads = countReads(page);
  await page.evaluate(() => {
    const texts = new Set<string>();
    Object.assign(window, { texts });
    new MutationObserver(() => {
      const heading = document.querySelector("h1")?.textContent;
      texts.add(`${heading} ${document.querySelector("[data-testid=query]")?.textContent}`);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole("link", { name: "Go to query-soft-b" }).click();
  await expect(page.getByRole("heading", { name: "query-soft-b" })).toBeVisible();
  await expect(page.getByTestId("query")).toHaveText("7");
  const texts = await page.evaluate(() => [...(window as unknown as { texts: Set<string> }).texts]);
  expect(texts.filter((text) => text.startsWith("query-soft-b "))).toEqual(["query-soft-b 7"]);
  await put(labServer.url, "query-soft-b:shared", 8);
  await expect(page.getByTestId("query")).toHaveText("8");
  // The theme is not prefetched.
  expect(reads.count).toBe(1);
});
