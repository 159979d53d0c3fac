import { atLab, expect, test } from "./fixtures.ts";
import { Balancer } from "./support/balancer.ts";
import { openLive, writeCount } from "./support/lab.ts";
import { expectNoMore, noteRequests, waitForPrefetches } from "./support/requests.ts";

test.use(atLab);

test("a late part that reads a signal makes the page depend on it", async ({ page, labServer }) => {
  await openLive(page, "/late/late");
  await expect(page.locator("output")).toHaveText("0");
  await writeCount(labServer, "late", 1);
  await expect(page.locator("output")).toHaveText("1");
});

test("what changes before a late part is shown is there with it", async ({ page, labServer }) => {
  await page.goto("/late/late-early", { waitUntil: "commit" });
  await expect(page.getByText("Loading")).toBeVisible();
  await writeCount(labServer, "late-early", 1);
  await expect(page.locator("output")).toHaveText("1");
});

test("a page depends on what its parallel slot reads", async ({ page, labServer }) => {
  await openLive(page, "/slots/slots");
  await writeCount(labServer, "slots-side", 3);
  await expect(page.getByTestId("side")).toHaveText("3");
  await writeCount(labServer, "slots-page", 4);
  await expect(page.getByTestId("page")).toHaveText("4");
});

test("a change of what a tab has not read costs it no request at all", async ({ browser, labServer }) => {
  const context = await browser.newContext();
  const [reader, other] = [await context.newPage(), await context.newPage()];
  await openLive(reader, `${labServer.url}/counter/exact-reader`);
  await openLive(other, `${labServer.url}/counter/exact-other`);
  const requests = noteRequests(reader);
  for (let value = 1; value <= 5; value += 1) {
    await writeCount(labServer, "exact-other", value);
    await expect(other.locator("output")).toHaveText(String(value));
  }
  expect(requests).toEqual([]);
  await writeCount(labServer, "exact-reader", 1);
  await expect(reader.locator("output")).toHaveText("1");
  expect(requests).toEqual(["POST /counter/exact-reader"]);
  await context.close();
});

test("what only a page with LivePage reads renders its segment alone: not its layouts, and no link is prefetched again", async ({
  page,
  labServer,
}) => {
  const prefetches = noteRequests(page);
  await openLive(page, "/segment/segment");
  await expect(page.getByTestId("page")).toHaveText("0");
  await waitForPrefetches(page, prefetches);
  const layoutRender = await page.getByTestId("layout-render").textContent();
  const historyLength = await page.evaluate(() => history.length);
  await page.evaluate(() => scrollTo(0, 200));
  const scrollY = await page.evaluate(() => window.scrollY);

  const requests = noteRequests(page);
  for (let value = 1; value <= 5; value += 1) {
    await writeCount(labServer, "segment-page", value);
    await expect(page.getByTestId("page")).toHaveText(String(value));
  }
  await expectNoMore(page, requests);
  expect(requests).toEqual(Array.from({ length: 5 }, () => "GET /segment/segment"));
  await expect(page.getByTestId("layout-render")).toHaveText(layoutRender!);
  expect(await page.evaluate(() => [history.length, window.scrollY])).toEqual([historyLength, scrollY]);

  // What only the layouts show needs the whole route.
  await writeCount(labServer, "segment-layout", 7);
  await expect(page.getByTestId("layout")).toHaveText("7");
  await writeCount(labServer, "segment-page", 6);
  await expect(page.getByTestId("page")).toHaveText("6");
  await page.reload();
  await writeCount(labServer, "segment-layout", 8);
  await expect(page.getByTestId("layout")).toHaveText("8");
});

test("several servers: a page is current whichever server renders it, and whichever holds its stream", async ({
  browser,
  startLabServer,
}) => {
  const one = await startLabServer();
  const two = await startLabServer({ dataDir: one.dataDir });
  const balancer = await Balancer.start([one.url, two.url]);
  const context = await browser.newContext();
  try {
    const pages = await Promise.all(Array.from({ length: 4 }, () => context.newPage()));
    for (const [index, page] of pages.entries())
      await openLive(page, `${balancer.url}/counter/balanced-${index}?other=balanced-next-${index}`);
    for (const [index, page] of pages.entries()) {
      await writeCount(balancer, `balanced-${index}`, 1);
      await expect(page.locator("output")).toHaveText("1");
      await page.getByRole("link").click();
      await expect(page.getByRole("heading", { name: `balanced-next-${index}` })).toBeVisible();
      for (let value = 1; value <= 4; value += 1) {
        await writeCount(balancer, `balanced-next-${index}`, value);
        await expect(page.locator("output")).toHaveText(String(value));
      }
      await writeCount(balancer, `balanced-${index}`, 9);
      await page.goBack();
      await expect(page.getByRole("heading", { name: `balanced-${index}` })).toBeVisible();
      await expect(page.locator("output")).toHaveText("9");
    }
  } finally {
    await context.close();
    await balancer.close();
  }
});
