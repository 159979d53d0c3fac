import type { Page } from "@playwright/test";
import { expect, type Server, test } from "./fixtures.ts";
import { holdWrites, watchErrors } from "./support/client-signals.ts";
import { countRenders, openLive } from "./support/lab.ts";
import { expectNoMore, noteRequests } from "./support/requests.ts";

type Row = { readonly count?: number; readonly id?: string; readonly rank?: number; readonly title?: string };

async function put(server: Server, list: string, row: Row): Promise<void> {
  const response = await fetch(`${server.url}/rows/api/${list}`, { method: "PUT", body: JSON.stringify(row) });
  expect(response.status).toBe(204);
}

async function remove(server: Server, list: string, id: string): Promise<void> {
  const response = await fetch(`${server.url}/rows/api/${list}`, { method: "DELETE", body: id });
  expect(response.status).toBe(204);
}

const titles = (page: Page): Promise<string[]> => page.locator("li span").allTextContents();
const rowsFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `Row ${first - at}`);

for (const way of ["server", "fragment", "client", "query"] as const) {
  test(`of 10,000 rows two browsers show a window of 20, and see rows enter, change and leave it (${way})`, async ({
    browser,
    labServer,
  }) => {
    test.setTimeout(120_000);
    const list = `many-${way}`;
    await put(labServer, list, { count: 10_000 });
    const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
    const [a, b] = [await contextA.newPage(), await contextB.newPage()];
    const errors = [watchErrors(a), watchErrors(b)];
    for (const page of [a, b]) await openLive(page, `${labServer.url}/rows/${list}?way=${way}`);
    for (const page of [a, b]) await expect.poll(() => titles(page)).toEqual(rowsFrom(9_999, 20));
    await expect(a.getByTestId("count")).toHaveText("10000");
    await b.getByLabel(`Note on ${list}-9990`).fill("half a sentence");

    await put(labServer, list, { id: `${list}-top`, rank: 20_000, title: "Top" });
    for (const page of [a, b]) await expect.poll(() => titles(page)).toEqual(["Top", ...rowsFrom(9_999, 19)]);
    await expect(b.getByTestId("count")).toHaveText("10001");

    await put(labServer, list, { id: `${list}-9990`, rank: 30_000, title: "Lifted" });
    for (const page of [a, b])
      await expect.poll(async () => (await titles(page)).slice(0, 3)).toEqual(["Lifted", "Top", "Row 9999"]);
    await expect(b.getByLabel(`Note on ${list}-9990`)).toHaveValue("half a sentence");

    await remove(labServer, list, `${list}-top`);
    for (const page of [a, b])
      await expect.poll(() => titles(page)).toEqual(["Lifted", ...rowsFrom(9_999, 9), ...rowsFrom(9_989, 10)]);
    expect(errors).toEqual([[], []]);
    await contextA.close();
    await contextB.close();
  });
}

test("a write outside of its window costs a tab no render and no request", async ({ page, labServer }) => {
  const list = "outside";
  await put(labServer, list, { count: 100 });
  await openLive(page, `${labServer.url}/rows/${list}`);
  const after = await page.getByRole("link", { name: "Next" }).getAttribute("href");
  await openLive(page, `${labServer.url}${after}`);
  await expect.poll(() => titles(page)).toEqual(rowsFrom(79, 20));
  const renders = countRenders(page);
  const requests = noteRequests(page);
  const before = requests.length;

  // The count is shown too, so rows only change.
  await put(labServer, list, { id: `${list}-5`, rank: 6, title: "Another title" });
  await put(labServer, list, { id: `${list}-99`, rank: 200, title: "Higher" });
  await expectNoMore(page, requests);
  expect([renders.count, requests.length]).toEqual([0, before]);

  await put(labServer, list, { id: `${list}-70`, rank: 70, title: "Seventy" });
  await expect.poll(() => titles(page)).toContain("Seventy");
});

test("without JavaScript the list is right, and pages by links", async ({ browser, labServer }) => {
  const list = "plain";
  await put(labServer, list, { count: 50 });
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${labServer.url}/rows/${list}`);
  expect(await titles(page)).toEqual(rowsFrom(49, 20));
  await page.getByRole("link", { name: "Next" }).click();
  expect(await titles(page)).toEqual(rowsFrom(29, 20));
  await page.getByRole("link", { name: "Next" }).click();
  expect(await titles(page)).toEqual(rowsFrom(9, 10));
  for (const way of ["client", "query"]) {
    await page.goto(`${labServer.url}/rows/${list}?way=${way}`);
    expect(await titles(page)).toEqual(rowsFrom(49, 20));
  }
  await context.close();
});

for (const way of ["client", "query"] as const) {
  test(`a browser shows what it writes at its place at once, and takes it back with the reason when it is refused (${way})`, async ({
    page,
    browser,
    labServer,
  }) => {
    const list = `optimistic-rows-${way}`;
    await put(labServer, list, { count: 10 });
    const other = await (await browser.newContext()).newPage();
    for (const one of [page, other]) {
      await openLive(one, `${labServer.url}/rows/${list}?way=${way}`);
      await expect.poll(() => titles(one)).toEqual(rowsFrom(9, 10));
    }
    const letWritesGo = await holdWrites(page);
    const add = async (rank: number, title: string): Promise<void> => {
      await page.getByLabel("Rank").fill(String(rank));
      await page.getByLabel("Title").fill(title);
      await page.getByRole("button", { name: "Add" }).click();
    };

    await add(4.5, "Between");
    await page.getByRole("button", { name: `Lift ${list}-2` }).click();
    await page.getByRole("button", { name: `Delete ${list}-8` }).click();
    const expected = [
      ...["Row 2", "Row 9", "Row 7", "Row 6", "Row 5"],
      ...["Between", "Row 4", "Row 3", "Row 1", "Row 0"],
    ];
    await expect.poll(() => titles(page)).toEqual(expected);
    expect(await titles(other)).toEqual(rowsFrom(9, 10));
    letWritesGo();
    await expect.poll(() => titles(other)).toEqual(expected);
    expect(await titles(page)).toEqual(expected);

    await add(100, "");
    await expect(page.getByText("A title is needed.")).toBeVisible();
    await expect.poll(() => titles(page)).toEqual(expected);
    expect(await titles(other)).toEqual(expected);
    await other.context().close();
  });
}

test("rows of the query cache are not asked for, and a navigation brings those of the next page along", async ({
  page,
  labServer,
}) => {
  const list = "cached-rows";
  await put(labServer, list, { count: 30 });
  const errors = watchErrors(page);
  const reads: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET" && request.url().includes("/api/reactive?keys=")) reads.push(request.url());
  });
  await openLive(page, `${labServer.url}/rows/${list}?way=query`);
  await expect(page.getByRole("heading", { name: "Row 29" })).toBeVisible();
  await put(labServer, list, { id: `${list}-top`, rank: 100, title: "Top" });
  await expect(page.getByRole("heading", { name: "Top" })).toBeVisible();
  await expect.poll(() => titles(page)).toEqual(["Top", ...rowsFrom(29, 19)]);
  await remove(labServer, list, `${list}-top`);
  await expect(page.getByRole("heading", { name: "Row 29" })).toBeVisible();
  await expect.poll(() => titles(page)).toEqual(rowsFrom(29, 20));

  await page.getByRole("link", { name: "Next" }).click();
  await expect.poll(() => titles(page)).toEqual(rowsFrom(9, 10));
  await put(labServer, list, { id: `${list}-5`, rank: 5, title: "Five" });
  await expect.poll(() => titles(page)).toContain("Five");
  expect(reads).toEqual([]);
  expect(errors).toEqual([]);
});
