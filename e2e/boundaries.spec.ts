import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { expectState, isRefreshAction, markWindow, openLive, writeCount } from "./support/lab.ts";

const alert = (page: Page) => page.locator("p[role=alert]");

/** Every text that the page shows from now on, as long as it is not loaded anew. */
async function noteTexts(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() => {
    const seen = new Set<string>();
    Object.assign(window, { seen });
    new MutationObserver(() => seen.add(document.body.innerText)).observe(document, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  return async () => page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen].join("\n---\n"));
}

const ways = ["route", "page", "fragment", "late"];
const failures = ["not-found", "error", "forbidden", "unauthorized"];
const cases = ways.flatMap((way) => failures.map((what) => [way, what] as const));

for (const [way, what] of cases) {
  test(`a page that comes to ${what} is shown again when it can be, also where it was loaded so: ${way}`, async ({
    page,
    labServer,
  }) => {
    const name = `${way}-${what}`;
    await openLive(page, `${labServer.url}/boundaries/${way}/${what}/${name}`);
    for (const round of [1, 2]) {
      await page.getByLabel("Layout").fill("kept");
      const expectSameWindow = await markWindow(page);
      // The second time it has failed already.
      if (round === 1) await writeCount(labServer, name, -round);
      await expect(alert(page)).toHaveText(what);
      await writeCount(labServer, name, round);
      await expect(page.locator("output")).toHaveText(String(round));
      await expect(alert(page)).toHaveCount(0);
      // What Next wrote into the document of a part that failed late is not React's to take away.
      if (round === 1) await expect(page.locator("meta[name=robots]")).toHaveCount(0);
      await expect(page).toHaveTitle("Shown");
      await expectState(page, "live");
      await expect(page.getByLabel("Layout")).toHaveValue("kept");
      await expectSameWindow();
      if (round === 2) break;
      await writeCount(labServer, name, -2);
      await expect(alert(page)).toHaveText(what);
      await openLive(page, page.url());
    }
  });
}

for (const way of ["route", "late"]) {
  test(`a page that is still not there stays as it is: ${way}`, async ({ page, labServer }) => {
    const name = `still-${way}`;
    await writeCount(labServer, name, -1);
    await openLive(page, `${labServer.url}/boundaries/${way}/not-found/${name}`);
    await expect(alert(page)).toBeVisible();
    await page.getByLabel("Fallback").fill("typed");
    const texts = await noteTexts(page);
    for (const count of [-2, -3]) {
      // Next may leave the end of an answer unread.
      const ended = Promise.race([
        page.waitForEvent("requestfinished", isRefreshAction),
        page.waitForEvent("requestfailed", isRefreshAction),
      ]);
      await writeCount(labServer, name, count);
      await expect(page.getByTestId("seen")).toHaveText(String(count));
      await ended;
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    }
    await expect(page.getByLabel("Fallback")).toHaveValue("typed");
    await writeCount(labServer, name, 4);
    await expect(page.locator("output")).toHaveText("4");
    // Not before: neither the page nor what it shows while it loads.
    expect(
      (await texts()).split("\n---\n").filter((text) => !text.includes("not-found") && !text.includes("4")),
    ).toEqual([]);
  });
}

test("what a layout has not found comes back, and what its page has not found meanwhile is shown as such", async ({
  page,
  labServer,
}) => {
  await openLive(page, `${labServer.url}/boundaries/in-layout/in-layout`);
  await page.getByLabel("Layout").fill("kept");
  await writeCount(labServer, "in-layout", -1);
  await expect(alert(page)).toHaveText("not-found above");
  await writeCount(labServer, "in-layout", 10);
  await expect(alert(page)).toHaveText("page not found");
  await expect(page.locator("output")).toHaveText("10");
  await writeCount(labServer, "in-layout", 1);
  await expect(page.getByText("Page", { exact: true })).toBeVisible();
  await expect(alert(page)).toHaveCount(0);
  await expect(page.getByLabel("Layout")).toHaveValue("kept");
});

test("a slot that was not found comes back, and the page beside it keeps its state", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/boundaries/slots/slot`);
  await page.getByLabel("Beside").fill("kept");
  for (const round of [1, 2]) {
    await writeCount(labServer, "slot", -round);
    await expect(alert(page)).toHaveText("side not found");
    await writeCount(labServer, "slot", round);
    await expect(page.locator("output")).toHaveText(String(round));
  }
  await expect(page.getByLabel("Beside")).toHaveValue("kept");
});

test("one kind of failure gives way to another", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/boundaries/route/not-found/kinds`);
  await writeCount(labServer, "kinds", -1);
  await expect(alert(page)).toHaveText("not-found");
  await page.goto(`${labServer.url}/boundaries/route/error/kinds`);
  await expect(alert(page)).toHaveText("error");
  await writeCount(labServer, "kinds", 1);
  await expect(page.locator("output")).toHaveText("1");
});

test("a page that only the global error page stands for comes back", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/global-failure/global`);
  for (const round of [1, 2]) {
    await writeCount(labServer, "global", -round);
    await expect(page.getByRole("heading", { name: "couldn’t load" })).toBeVisible();
    await writeCount(labServer, "global", round);
    await expect(page.locator("output")).toHaveText(String(round));
  }
  await expectState(page, "live");
});

test("a first load that failed as a whole comes back", async ({ page, labServer }) => {
  await writeCount(labServer, "global-first", -1);
  await page.goto(`${labServer.url}/global-failure/global-first`);
  await expect(page.getByRole("heading", { name: "couldn’t load" })).toBeVisible();
  await writeCount(labServer, "global-first", 1);
  await expect(page.locator("output")).toHaveText("1");
  await expectState(page, "live");
});
