import { atLab, expect, test } from "./fixtures.ts";
import { countRenders, expectState, expectStraightStream, openLive, writeCount } from "./support/lab.ts";

test.use(atLab);

test("twelve tabs of one browser are live over one connection", async ({ context, labServer }) => {
  const pages = [];
  for (let n = 0; n < 12; n += 1) {
    const page = await context.newPage();
    await openLive(page, `${labServer.url}/counter/twelve`);
    pages.push(page);
  }
  await writeCount(labServer, "twelve", 1);
  for (const page of pages) await expect(page.locator("output")).toHaveText("1");
});

test("an open stream is no request to Next any more", async ({ labServer }) => {
  await expectStraightStream(labServer.url);
});

for (const missing of [["SharedWorker"], ["SharedWorker", "BroadcastChannel"]]) {
  test(`tabs are live where the browser has no ${missing.join(" and no ")}`, async ({ browser, labServer }) => {
    const context = await browser.newContext();
    await context.addInitScript((names) => {
      for (const name of names) Reflect.deleteProperty(globalThis, name);
    }, missing);
    const name = `without-${missing.length}`;
    const pages = [await context.newPage(), await context.newPage(), await context.newPage()];
    for (const page of pages) await openLive(page, `${labServer.url}/counter/${name}`);
    await writeCount(labServer, name, 1);
    for (const page of pages) await expect(page.locator("output")).toHaveText("1");

    // The first tab holds the stream of all where they share one.
    await pages[0]!.close();
    await writeCount(labServer, name, 2);
    for (const page of pages.slice(1)) await expect(page.locator("output")).toHaveText("2");
    await context.close();
  });
}

test("a hidden tab does nothing, and catches up once when it is shown", async ({ page, labServer }) => {
  await page.addInitScript(() => {
    let state = "visible";
    Object.defineProperty(document, "visibilityState", { get: () => state });
    Object.assign(window, {
      setVisibility(next: string) {
        state = next;
        document.dispatchEvent(new Event("visibilitychange"));
      },
    });
  });
  const setVisibility = (state: string): Promise<void> =>
    page.evaluate((next) => (window as unknown as { setVisibility(next: string): void }).setVisibility(next), state);
  await openLive(page, "/counter/hidden-tab");
  await setVisibility("hidden");
  const renders = countRenders(page);
  const witness = await page.context().newPage();
  await openLive(witness, `${labServer.url}/counter/hidden-tab`);
  for (let value = 1; value <= 10; value += 1) {
    await writeCount(labServer, "hidden-tab", value);
    await expect(witness.locator("output")).toHaveText(String(value));
  }
  expect(renders.count).toBe(0);
  await expect(page.locator("output")).toHaveText("0");

  await setVisibility("visible");
  await expect(page.locator("output")).toHaveText("10");
  expect(renders.count).toBe(1);
});

test("a browser says that it is offline, and is current by itself when the network is back", async ({
  context,
  page,
  labServer,
}) => {
  await openLive(page, "/counter/offline-tab");
  await page.getByLabel("Note").fill("half a sentence");
  await context.setOffline(true);
  await labServer.stop();
  await expectState(page, "offline");
  await labServer.start();
  await writeCount(labServer, "offline-tab", 5);
  await context.setOffline(false);
  await expect(page.locator("output")).toHaveText("5");
  await expectState(page, "live");
  await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
});
