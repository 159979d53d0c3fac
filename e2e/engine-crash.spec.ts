import { expect, test } from "./fixtures.ts";
import { markWindow, openLive, shownCount, writeCount } from "./support/lab.ts";

/** 15 s are enough for it; this machine may be three times slower. */
const recovery = { timeout: 45_000 };

test("open pages are current again after the engine was killed", async ({ browser, startLabServer }) => {
  const server = await startLabServer();
  const contexts = [await browser.newContext(), await browser.newContext()];
  const pages = await Promise.all(contexts.map((context) => context.newPage()));
  for (const page of pages) {
    await openLive(page, `${server.url}/counter/engine-crash`);
    await page.getByLabel("Note").fill("half a sentence");
  }
  await writeCount(server, "engine-crash", 1);
  for (const page of pages) await expect(shownCount(page)).toHaveText("1");
  const checks = await Promise.all(pages.map(markWindow));

  const killedPid = await server.killEngine();
  await writeCount(server, "engine-crash", 2);

  for (const page of pages) await expect(shownCount(page)).toHaveText("2", recovery);
  for (const expectSameWindow of checks) await expectSameWindow();
  for (const page of pages) await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
  const engine = await server.engine();
  expect(engine?.pid).not.toBe(killedPid);

  // It was not a lucky reconnect: the stream goes on.
  await writeCount(server, "engine-crash", 3);
  for (const page of pages) await expect(shownCount(page)).toHaveText("3");
  for (const context of contexts) await context.close();
});

test("an open page comes back by itself when the app was killed and started again", async ({
  page,
  startLabServer,
}) => {
  const server = await startLabServer();
  await openLive(page, `${server.url}/counter/app-crash`);
  await writeCount(server, "app-crash", 1);
  await expect(shownCount(page)).toHaveText("1");
  await page.getByLabel("Note").fill("half a sentence");
  const expectSameWindow = await markWindow(page);

  await server.kill();
  await server.start();
  await writeCount(server, "app-crash", 2);

  await expect(shownCount(page)).toHaveText("2", recovery);
  await expectSameWindow();
  await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
});

test("a page that has gone offline shows what it missed when it is back", async ({ context, page, labServer }) => {
  await openLive(page, `${labServer.url}/counter/offline`);
  const expectSameWindow = await markWindow(page);
  const lost = page.waitForEvent("requestfailed");
  await context.setOffline(true);
  await writeCount(labServer, "offline", 1);
  await lost;
  await expect(shownCount(page)).toHaveText("0");

  await context.setOffline(false);

  await expect(shownCount(page)).toHaveText("1");
  await expectSameWindow();
});
