import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { expectState, markWindow, openLive, writeCount } from "./support/lab.ts";
import { Network } from "./support/network.ts";

/** A request for all of the other page, without being asked to show it. */
const isPrefetch = (request: string): boolean =>
  /^GET \S*\/inner\/two\?_rsc=/.test(request) && !/^next-router-prefetch: /im.test(request);

/** Opens the page, and resolves when its prefetch has brought all but the late part. */
async function openAmidPrefetch(page: Page, network: Network, name: string): Promise<void> {
  let answers = "";
  network.onData = (data, isAnswer) => void (isAnswer && (answers += data.toString("latin1")));
  // Compressed, nobody could tell what has come.
  await page.setExtraHTTPHeaders({ "accept-encoding": "identity" });
  await openLive(page, `${network.url}/prefetched/${name}`);
  await page.getByLabel("Note").fill("half a sentence");
  await expect.poll(() => /"aria-label":"inner"/.test(answers)).toBe(true);
}

test("a click leads to a page whose layout was prefetched with another one, and never came whole", async ({
  page,
  labServer,
}) => {
  const network = await Network.start(labServer.url);
  try {
    await openAmidPrefetch(page, network, "broken-before");
    const expectSameWindow = await markWindow(page);
    const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("/inner/two"));
    network.breakOff(isPrefetch);
    await failed;
    await writeCount(labServer, "broken-before-gate", 1);

    await page.getByRole("link", { name: "One" }).click();
    await expect(page.getByRole("heading", { name: "one" })).toBeVisible();
    await expect(page.getByText("late")).toBeVisible();
    await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
    await expectSameWindow();
    await expectState(page, "live");
  } finally {
    await network.close();
  }
});

test("a click leads to a page whose layout is being prefetched with another one when that connection breaks", async ({
  page,
  labServer,
}) => {
  const network = await Network.start(labServer.url);
  try {
    await openAmidPrefetch(page, network, "broken-after");
    const expectSameWindow = await markWindow(page);
    const asked = page.waitForResponse(/\/inner\/one\?_rsc=/);
    await page.getByRole("link", { name: "One" }).click();
    await asked;
    const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("/inner/two"));
    network.breakOff(isPrefetch);
    await failed;
    await writeCount(labServer, "broken-after-gate", 1);

    await expect(page.getByRole("heading", { name: "one" })).toBeVisible();
    await expect(page.getByText("late")).toBeVisible();
    await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
    await expectSameWindow();
    await expectState(page, "live");
    expect(new URL(page.url()).pathname).toBe("/prefetched/broken-after/inner/one");
    await page.goBack();
    await expect(page.getByRole("heading", { name: "outside" })).toBeVisible();
  } finally {
    await network.close();
  }
});
