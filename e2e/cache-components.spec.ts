import { expect, test } from "./fixtures.ts";
import { buildFixture } from "./support/build.ts";
import { CachedApp, cachedAppDir as dir, KeptPage, Visitors } from "./support/cached-app.ts";
import { Server } from "./support/server.ts";

// A build on a busy machine.
test.describe.configure({ timeout: 240_000 });

let server: Server;
let app: CachedApp;

test.beforeAll(async () => {
  const { hasSucceeded, log } = buildFixture(dir);
  expect(hasSucceeded, log).toBe(true);
  expect(log).toContain("◐ /\n");
  expect(log).toContain("◐ /client");
  expect(log).toContain("ƒ /blocking");
  expect(log).toContain("○ /plain");
  server = await Server.start({ dir });
  app = new CachedApp(server);
});

test.afterAll(() => server?.dispose());

const places = [
  ["/", "inside of Suspense"],
  ["/blocking", "in a page that is not prerendered"],
  ["/client", "in a client component"],
] as const;

for (const [path, what] of places) {
  test(`a value ${what} is in the HTML, live in two browsers, and not frozen after a restart`, async ({ browser }) => {
    await app.writeScore(1);
    const visitors = await app.open(browser, path, 2);
    await visitors.expectScore(1);

    await app.writeScore(2);
    await visitors.expectScore(2);
    expect(await app.readHtml(path)).toContain("<output>2</output>");
    expect(visitors.errors).toEqual([]);

    await server.restart();
    expect(await app.readHtml(path)).toContain("<output>2</output>");
    await app.writeScore(3);
    await visitors.expectScore(3);
    await visitors.leave();
  });
}

test("a page that reads no signal is static, and the pages that a visitor goes to from it are live", async ({
  page,
}) => {
  await app.writeScore(1);
  const visitors = new Visitors();
  visitors.add(page);
  for (const [name, score] of [
    ["Blocking", 2],
    ["Suspense", 3],
    ["Cached", 4],
    ["Disk", 5],
  ] as const) {
    const response = await page.goto(`${server.url}/plain`);
    expect(response?.headers()["x-nextjs-cache"]).toBe("HIT");
    await page.getByRole("link", { name }).click();
    await visitors.expectScore(score - 1);
    await app.writeScore(score);
    await visitors.expectScore(score);
  }
  expect(visitors.errors).toEqual([]);
});

for (const way of ["route", "page", "fragment", "client"] as const) {
  test(`a page that Next keeps is current when it is shown again, and what it could not show comes back: ${way}`, async ({
    page,
    startServer,
  }) => {
    const server = await startServer({ dir });
    const name = `kept-${way}`;
    const kept = new KeptPage(server, page);
    await page.goto(`${server.url}/kept/${way}/${name}`);
    await kept.expectLive(name, 1, 2);
    await kept.note(name).fill("half a sentence");

    // Nothing of the hidden page is touched by what happens meanwhile; then something is.
    await page.getByRole("link", { name: "Next" }).click();
    await kept.expectLive(`${name}-next`, 3, 4);
    await page.goBack();
    await expect(kept.note(name)).toHaveValue("half a sentence");
    await kept.expectLive(name, 5, 6);
    await page.goForward();
    await kept.expectLive(`${name}-next`, 7);
    await kept.write(name, 8);
    await kept.expectLive(`${name}-next`, 9);
    await page.goBack();
    await expect(kept.shown(name)).toHaveText("8");
    await kept.expectLive(name, 10, 11);
    await expect(kept.note(name)).toHaveValue("half a sentence");

    if (way === "client") return;
    for (const [value, alert] of [
      [-1, "not found"],
      [-2, "failed"],
    ] as const) {
      await kept.write(name, value);
      await expect(page.getByText(alert).filter({ visible: true })).toBeVisible();
      await kept.expectLive(name, 12, 13);
      // What comes back while nobody looks.
      await page.getByRole("link", { name: "Next" }).click();
      await kept.expectLive(`${name}-next`, 14 + value);
      await kept.write(name, value);
      await page.goBack();
      await expect(page.getByText(alert).filter({ visible: true })).toBeVisible();
      await page.goForward();
      await kept.expectLive(`${name}-next`, 16 + value);
      await kept.write(name, 15);
      await page.goBack();
      await expect(kept.shown(name)).toHaveText("15");
      await kept.expectLive(name, 16, 17);
    }
  });
}

test("a cached component that is given a value runs once for each value, and its page is live", async ({ browser }) => {
  const first = 100 * (1 + test.info().repeatEachIndex);
  await app.writeScore(first);
  const before = await app.runCountOf();
  const visitors = await app.open(browser, "/computed", 3);
  await visitors.expectScore(first);
  expect((await app.runCountOf()) - before).toBe(1);
  for (const score of [first + 1, first + 2]) {
    await app.writeScore(score);
    await visitors.expectScore(score);
  }
  expect((await app.runCountOf()) - before).toBe(3);
  await visitors.leave();
});

test("six requests for a cached component that reads a signal make two renders, each with the right value", async () => {
  const before = await app.runCountOf("live");
  for (const score of [1, 2]) {
    await app.writeScore(score);
    for (let n = 0; n < 3; n += 1) {
      const html = await app.readHtml("/live");
      expect(html).toContain(`<output data-run="${before + score}">${score}</output>`);
      expect(html).toContain(`<b id="uncached">${score}</b>`);
      // Nobody is told what it was made of.
      expect(html).not.toContain("kawa-cached");
      expect(html).not.toContain("cacheComponents:score");
    }
  }
  expect((await app.runCountOf("live")) - before).toBe(2);
});

const cachedPlaces = [
  ["live", "a component"],
  ["outer", "a component in another one", "live-nested"],
  ["data", "a function that gives data", "live-data"],
  ["disk", "a component in a cache of the app's own", "live-disk"],
  ["tagged", "a component with a tag and a life", "live-tagged"],
] as const;

for (const [name, what, path = name] of cachedPlaces) {
  test(`what is cached is live in two browsers, and made once a change: ${what}`, async ({ browser }) => {
    await app.writeScore(10);
    const before = await app.runCountOf(name);
    const visitors = await app.open(browser, `/${path}`, 2);
    await visitors.expectScore(10);
    for (const score of [11, 12]) {
      await app.writeScore(score);
      await visitors.expectScore(score);
    }
    expect((await app.runCountOf(name)) - before).toBe(3);
    expect(visitors.errors).toEqual([]);
    await visitors.leave();
  });
}

test("what a cache of the app's own has kept is right after a restart, for as long as nothing has changed", async ({
  page,
}) => {
  await app.writeScore(20);
  const before = await app.runCountOf("disk");
  await page.goto(`${server.url}/live-disk`);
  await expect(page.getByRole("status")).toHaveText("20");
  expect((await app.runCountOf("disk")) - before).toBe(1);

  await server.restart();
  expect(await app.readHtml("/live-disk")).toContain("<output>20</output>");
  expect(await app.runCountOf("disk")).toBe(0);
  await page.reload();
  await expect(page.getByRole("status")).toHaveText("20");
  await app.writeScore(21);
  await expect(page.getByRole("status")).toHaveText("21");
  expect(await app.runCountOf("disk")).toBe(1);

  await server.stop();
  await server.start();
  expect(await app.readHtml("/live-disk")).toContain("<output>21</output>");
  expect(await app.runCountOf("disk")).toBe(0);
});

test("a tag of the app ends what is cached, whatever the signals are", async () => {
  await app.writeScore(30);
  const before = await app.runCountOf("tagged");
  for (const run of [1, 2]) {
    for (let n = 0; n < 2; n += 1)
      expect(await app.readHtml("/live-tagged")).toContain(`<output data-run="${before + run}">30</output>`);
    expect((await fetch(`${server.url}/api/tag`, { method: "POST", body: "points" })).status).toBe(204);
  }
});

test("what hooks decide about is not cached for everybody", async () => {
  expect(await app.readHtml("/live-private")).not.toContain("<output>0</output>");
  expect(server.log()).toContain('"guarded:secret" was read in "use cache" in "/live-private"');
  expect(server.log()).toContain("CACHE_PRIVATE");
});

test("a value that is read outside of Suspense fails the build with what to do", () => {
  const { hasSucceeded, log } = buildFixture(dir, { KAWA_E2E_FAILING: "outside" });
  expect(hasSucceeded).toBe(false);
  expect(log).toContain('Error occurred prerendering page "/outside"');
  expect(log).toContain('Route "/outside" reads "cacheComponents:score"');
  expect(log).toContain("(RENDER_STATIC)");
});

test(
  'a value that is read in "use cache" outside of Suspense fails the build with what to do',
  { tag: "@long" },
  () => {
    const { hasSucceeded, log } = buildFixture(dir, { KAWA_E2E_FAILING: "cached" });
    expect(hasSucceeded).toBe(false);
    expect(log).toContain('Error occurred prerendering page "/cached"');
    expect(log).toContain('Route "/cached" reads "cacheComponents:score"');
    expect(log).toContain("(RENDER_STATIC)");
  },
);
