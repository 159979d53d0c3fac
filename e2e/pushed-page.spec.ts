import { expect, type Server, test } from "./fixtures.ts";
import { settled } from "./support/settled.ts";
import { waitForPush, watchPushes } from "./support/fragments.ts";
import { countRenders, expectState, openLive, shownCount, writeCount } from "./support/lab.ts";

async function runCount(server: Server, name: string): Promise<number> {
  return (await (await fetch(`${server.url}/push/runs/${name}`)).json()) as number;
}

test("a page is pushed: no request of the tab, no layout, with its params and what was typed", async ({
  page,
  labServer,
}) => {
  const pushes = watchPushes(page);
  const push = waitForPush(page);
  await openLive(page, `${labServer.url}/push/page/whole?color=red`);
  await push;
  const renders = countRenders(page);
  const layouts = await runCount(labServer, "whole-layout");
  await page.getByLabel("Note").fill("half a sentence");
  await page.getByRole("button").click();

  for (let count = 1; count <= 5; count += 1) {
    await writeCount(labServer, "whole", count);
    await expect(shownCount(page)).toHaveText(String(count));
  }

  await expect(page.locator("h1")).toHaveText("red");
  await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
  await expect(page.getByRole("button")).toHaveText("Clicked 1");
  expect(await runCount(labServer, "whole-layout")).toBe(layouts);
  expect({ renders: renders.count, opened: pushes.opened }).toEqual({ renders: 0, opened: 1 });
  await expectState(page, "live");
});

test("a pushed page that is not found any more says so, and one that leads elsewhere leads there", async ({
  page,
  labServer,
}) => {
  const push = waitForPush(page);
  await openLive(page, `${labServer.url}/push/page/gone`);
  await push;
  await writeCount(labServer, "gone", 404);
  await expect(page.getByRole("heading", { name: "could not be found" })).toBeVisible();

  const again = waitForPush(page);
  await writeCount(labServer, "moved", 1);
  await page.goto(`${labServer.url}/push/page/moved`);
  await again;
  await writeCount(labServer, "moved", 302);
  await expect(page).toHaveURL(`${labServer.url}/`);
});

test("a pushed page that fails shows its error, and comes back", async ({ page, labServer }) => {
  const push = waitForPush(page);
  await openLive(page, `${labServer.url}/push/page/fails`);
  await push;
  await writeCount(labServer, "fails", 500);
  await expect(page.getByText("This has failed")).toBeVisible();
  await writeCount(labServer, "fails", 7);
  await expect(shownCount(page)).toHaveText("7");
});

test("what is the same for everybody is rendered once for all tabs, with its state and order", async ({
  browser,
  labServer,
}) => {
  const tabCount = 4;
  await Promise.all([writeCount(labServer, "all-1", 10), writeCount(labServer, "all-2", 20)]);
  const pages = await Promise.all(Array.from({ length: tabCount }, async () => (await browser.newContext()).newPage()));
  await Promise.all(
    pages.map(async (page) => {
      const push = waitForPush(page);
      await openLive(page, `${labServer.url}/push/shared/all`);
      await push;
      await page.getByRole("button", { name: "Clicked" }).first().click();
    }),
  );
  const runsNow = async () => ({ page: await runCount(labServer, "all"), rows: await runCount(labServer, "all-row") });
  // The runs for the documents and for the first push may go on for a moment.
  const before = await settled(runsNow);

  for (const count of [1, 2, 3]) {
    await writeCount(labServer, "all", count);
    const order = count % 2 === 0 ? ["10", "20"] : ["20", "10"];
    for (const page of pages) {
      await expect(shownCount(page)).toHaveText(String(count));
      await expect(page.locator("i")).toHaveText(order);
      await expect(page.getByRole("button", { name: "Clicked" })).toHaveText(
        count % 2 === 0 ? ["Clicked 1", "Clicked 0"] : ["Clicked 0", "Clicked 1"],
      );
      await expect(page.locator("b")).toHaveText(`slow ${count}`);
    }
  }
  const after = await runsNow();
  expect({ page: after.page - before.page, rows: after.rows - before.rows }).toEqual({ page: 3, rows: 6 });

  // What an action in it has closed over came with the push.
  await pages[1]!.getByRole("button", { name: "Add" }).click();
  for (const page of pages) await expect(page.locator("i")).toHaveText(["20", "103"]);
  for (const page of pages) await page.context().close();
});

test("what depends on who looks is never another one's", async ({ browser, labServer }) => {
  const visitors = ["ann", "bob", "nobody"];
  const pages = await Promise.all(
    visitors.map(async (visitor) => {
      const context = await browser.newContext();
      if (visitor !== "nobody") await context.addCookies([{ name: "visitor", value: visitor, url: labServer.url }]);
      const page = await context.newPage();
      const push = waitForPush(page);
      await openLive(page, `${labServer.url}/push/private/whose`);
      await push;
      return page;
    }),
  );
  for (let count = 1; count <= 5; count += 1) {
    await writeCount(labServer, "whose", count);
    for (const [index, page] of pages.entries())
      await expect(shownCount(page)).toHaveText(Array(4).fill(`${visitors[index]} ${count}`));
  }
  for (const page of pages) await page.context().close();
});
