import type { Page } from "@playwright/test";
import { expect, type Server, test } from "./fixtures.ts";
import { expectState, openLive, readCount, shownCount, writeCount } from "./support/lab.ts";

/** The number that both components of a stream page show. */
async function shownTick(page: Page): Promise<number> {
  const [one, two] = await shownCount(page).allTextContents();
  expect(two).toBe(one);
  return Number(one);
}

async function expectToTick(page: Page): Promise<void> {
  const before = await shownTick(page);
  await expect.poll(() => shownTick(page)).toBeGreaterThan(before + 2);
}

/** How often the function of a stream was started and stopped. */
async function runsOf(server: Server, name: string): Promise<{ starts: number; stops: number }> {
  return { starts: await readCount(server, `${name}-starts`), stops: await readCount(server, `${name}-stops`) };
}

test("two browsers see the same ticking value of one run, which stops when both have gone", async ({
  browser,
  labServer,
}) => {
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [await contextA.newPage(), await contextB.newPage()];
  await openLive(a, `${labServer.url}/stream/shared`);
  await expectToTick(a);
  const before = await shownTick(a);
  await openLive(b, `${labServer.url}/stream/shared`);
  // It goes on where it is, and does not begin anew.
  expect(await shownTick(b)).toBeGreaterThanOrEqual(before);
  await expectToTick(a);
  await expectToTick(b);
  expect(await runsOf(labServer, "shared")).toEqual({ starts: 1, stops: 0 });

  await contextA.close();
  await expectToTick(b);
  await contextB.close();
  await expect.poll(() => runsOf(labServer, "shared")).toEqual({ starts: 1, stops: 1 });
});

test("a stream lives through a reload, and begins anew for the first who comes after its end", async ({
  page,
  labServer,
}) => {
  await openLive(page, `${labServer.url}/stream/again`);
  await expectToTick(page);
  const before = await shownTick(page);
  await page.reload();
  expect(await shownTick(page)).toBeGreaterThanOrEqual(before);
  await expectToTick(page);
  expect(await runsOf(labServer, "again")).toEqual({ starts: 1, stops: 0 });

  await expect.poll(() => shownTick(page)).toBeGreaterThan(20);
  await page.goto("about:blank");
  await expect.poll(() => runsOf(labServer, "again")).toEqual({ starts: 1, stops: 1 });
  const response = await page.goto(`${labServer.url}/stream/again`);
  expect(Number(/<output>(\d+)/.exec(await response!.text())![1])).toBeLessThan(20);
  await expectState(page, "live");
  await expectToTick(page);
  expect(await runsOf(labServer, "again")).toEqual({ starts: 2, stops: 1 });
});

test("streams with other deps run of their own", async ({ context, labServer }) => {
  const [one, two] = [await context.newPage(), await context.newPage()];
  await openLive(one, `${labServer.url}/stream/dep-one`);
  await openLive(two, `${labServer.url}/stream/dep-two`);
  await expectToTick(one);
  await expectToTick(two);
  expect(await runsOf(labServer, "dep-one")).toEqual({ starts: 1, stops: 0 });
  expect(await runsOf(labServer, "dep-two")).toEqual({ starts: 1, stops: 0 });
});

test("what the function of a stream fetches is fetched each time, not once as in a render", async ({
  page,
  labServer,
}) => {
  await writeCount(labServer, "polled", 1);
  await openLive(page, `${labServer.url}/polled/polled`);
  await expect(shownCount(page)).toHaveText("1");
  await writeCount(labServer, "polled", 2);
  await expect(shownCount(page)).toHaveText("2");
  await writeCount(labServer, "polled", 3);
  await expect(shownCount(page)).toHaveText("3");
});

test("a page goes on ticking when its server was restarted", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/stream/restart`);
  await expectToTick(page);
  const hasBegunAnew = await watchForSmaller(page);
  expect(await labServer.stop()).toMatchObject({ wasForced: false, leftoverPids: [] });
  await labServer.start();
  // Nobody but the function knows where it was.
  await expect.poll(hasBegunAnew).toBe(true);
  await expectToTick(page);
  expect(await runsOf(labServer, "restart")).toMatchObject({ starts: 2 });
});

/** Returns what tells whether the page has shown a smaller number than before. */
async function watchForSmaller(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => {
    const tick = (): number => Number(document.querySelector("output")?.textContent ?? Number.NaN);
    let before = tick();
    new MutationObserver(() => {
      if (tick() < before) Object.assign(window, { hasBegunAnew: true });
      before = tick();
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => "hasBegunAnew" in window);
}

test("one of two servers produces what both show, and the other goes on when it dies", async ({
  context,
  startLabServer,
}) => {
  const first = await startLabServer();
  const second = await startLabServer({ dataDir: first.dataDir });
  const [onFirst, onSecond] = [await context.newPage(), await context.newPage()];
  // The engine belongs to the first, so the second is the one to die.
  await openLive(onSecond, `${second.url}/stream/moved`);
  await expectToTick(onSecond);
  await openLive(onFirst, `${first.url}/stream/moved`);
  await expectToTick(onFirst);
  expect(await runsOf(first, "moved")).toEqual({ starts: 1, stops: 0 });

  const before = await shownTick(onFirst);
  await second.kill();
  await expect.poll(() => readCount(first, "moved-starts")).toBe(2);
  await expectToTick(onFirst);
  expect(await shownTick(onFirst)).toBeGreaterThan(before);
});
