import type { Page } from "@playwright/test";
import { expect, type Server, test } from "./fixtures.ts";
import { openLive, readCount, shownCount, writeCount } from "./support/lab.ts";

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
async function runsOf({ url }: Server, name: string): Promise<{ starts: number; stops: number }> {
  return { starts: await readCount(url, `${name}-starts`), stops: await readCount(url, `${name}-stops`) };
}

test("two browsers see the same ticking value of one run, which stops when both have gone", async ({
  browser,
  server,
}) => {
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [await contextA.newPage(), await contextB.newPage()];
  await openLive(a, `${server.url}/lab/stream/shared`);
  await expectToTick(a);
  const before = await shownTick(a);
  await openLive(b, `${server.url}/lab/stream/shared`);
  // It goes on where it is, and does not begin anew.
  expect(await shownTick(b)).toBeGreaterThanOrEqual(before);
  await expectToTick(a);
  await expectToTick(b);
  expect(await runsOf(server, "shared")).toEqual({ starts: 1, stops: 0 });

  await contextA.close();
  await expectToTick(b);
  await contextB.close();
  await expect.poll(() => runsOf(server, "shared"), { timeout: 20_000 }).toEqual({ starts: 1, stops: 1 });
});

test("a stream lives through a reload, and begins anew for the first who comes after its end", async ({
  page,
  server,
}) => {
  await openLive(page, `${server.url}/lab/stream/again`);
  await expectToTick(page);
  const before = await shownTick(page);
  await page.reload();
  expect(await shownTick(page)).toBeGreaterThanOrEqual(before);
  await expectToTick(page);
  expect(await runsOf(server, "again")).toEqual({ starts: 1, stops: 0 });

  await expect.poll(() => shownTick(page), { timeout: 30_000 }).toBeGreaterThan(30);
  await page.goto("about:blank");
  await expect.poll(() => runsOf(server, "again"), { timeout: 20_000 }).toEqual({ starts: 1, stops: 1 });
  await openLive(page, `${server.url}/lab/stream/again`);
  expect(await shownTick(page)).toBeLessThan(30);
  await expectToTick(page);
  expect(await runsOf(server, "again")).toEqual({ starts: 2, stops: 1 });
});

test("streams with other deps run of their own", async ({ context, server }) => {
  const [one, two] = [await context.newPage(), await context.newPage()];
  await openLive(one, `${server.url}/lab/stream/dep-one`);
  await openLive(two, `${server.url}/lab/stream/dep-two`);
  await expectToTick(one);
  await expectToTick(two);
  expect(await runsOf(server, "dep-one")).toEqual({ starts: 1, stops: 0 });
  expect(await runsOf(server, "dep-two")).toEqual({ starts: 1, stops: 0 });
});

test("what the function of a stream fetches is fetched each time, not once as in a render", async ({
  page,
  server,
}) => {
  await writeCount(server.url, "polled", 1);
  await openLive(page, `${server.url}/lab/polled/polled`);
  await expect(shownCount(page)).toHaveText("1");
  await writeCount(server.url, "polled", 2);
  await expect(shownCount(page)).toHaveText("2");
  await writeCount(server.url, "polled", 3);
  await expect(shownCount(page)).toHaveText("3");
});

test("a page goes on ticking when its server was restarted", async ({ page, startServer }) => {
  const server = await startServer();
  await openLive(page, `${server.url}/lab/stream/restart`);
  await expectToTick(page);
  const before = await shownTick(page);
  expect(await server.stop()).toMatchObject({ wasForced: false, leftoverPids: [] });
  await server.start();
  // Nobody but the function knows where it was: it begins anew.
  await expect.poll(() => shownTick(page), { timeout: 30_000 }).toBeLessThan(before);
  await expectToTick(page);
  expect(await runsOf(server, "restart")).toMatchObject({ starts: 2 });
});

test("one of two servers produces what both show, and the other goes on when it dies", async ({
  context,
  startServer,
}) => {
  const first = await startServer();
  const second = await startServer({ dataDir: first.dataDir });
  const [onFirst, onSecond] = [await context.newPage(), await context.newPage()];
  // The engine belongs to the first, so the second is the one to die.
  await openLive(onSecond, `${second.url}/lab/stream/moved`);
  await expectToTick(onSecond);
  await openLive(onFirst, `${first.url}/lab/stream/moved`);
  await expectToTick(onFirst);
  expect(await runsOf(first, "moved")).toEqual({ starts: 1, stops: 0 });

  const before = await shownTick(onFirst);
  await second.kill();
  await expect.poll(() => readCount(first.url, "moved-starts"), { timeout: 20_000 }).toBe(2);
  await expectToTick(onFirst);
  expect(await shownTick(onFirst)).toBeGreaterThan(before);
});
