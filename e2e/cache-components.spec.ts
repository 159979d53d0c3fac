import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { buildFixture } from "./support/build.ts";
import { appDir, Server } from "./support/server.ts";

const dir = join(appDir, "e2e/cache-components-app");

// A build on a busy machine.
test.describe.configure({ timeout: 240_000 });

let server: Server;

test.beforeAll(async () => {
  const { hasSucceeded, log } = buildFixture(dir);
  expect(hasSucceeded, log).toBe(true);
  expect(log).toContain("◐ /\n");
  expect(log).toContain("◐ /client");
  expect(log).toContain("ƒ /blocking");
  expect(log).toContain("○ /plain");
  server = await Server.start({ dir });
});

test.afterAll(() => server?.dispose());

/** What the page writes to its console as an error: hydration errors among others. */
function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  page.on("pageerror", (error) => void errors.push(error.message));
  return errors;
}

async function writeScore(score: number): Promise<void> {
  const response = await fetch(`${server.url}/api/score`, { method: "POST", body: String(score) });
  expect(response.status).toBe(204);
}

async function readHtml(url: string): Promise<string> {
  return (await fetch(url)).text();
}

const places = [
  ["/", "inside of Suspense"],
  ["/blocking", "in a page that is not prerendered"],
  ["/client", "in a client component"],
] as const;

for (const [path, what] of places) {
  test(`a value ${what} is in the HTML, live in two browsers, and not frozen after a restart`, async ({ browser }) => {
    await writeScore(1);
    const pages: Page[] = [];
    for (const context of [await browser.newContext(), await browser.newContext()]) pages.push(await context.newPage());
    const errors = pages.map(collectErrors);
    for (const page of pages) {
      await page.goto(`${server.url}${path}`);
      await expect(page.getByRole("status")).toHaveText("1");
    }

    await writeScore(2);
    for (const page of pages) await expect(page.getByRole("status")).toHaveText("2");
    expect(await readHtml(`${server.url}${path}`)).toContain("<output>2</output>");
    expect(errors).toEqual([[], []]);

    await server.restart();
    expect(await readHtml(`${server.url}${path}`)).toContain("<output>2</output>");
    await writeScore(3);
    for (const page of pages) await expect(page.getByRole("status")).toHaveText("3");
    for (const page of pages) await page.context().close();
  });
}

test("a page that reads no signal is static, and the pages that a visitor goes to from it are live", async ({
  page,
}) => {
  await writeScore(1);
  const errors = collectErrors(page);
  for (const [name, score] of [
    ["Blocking", 2],
    ["Suspense", 3],
    ["Cached", 4],
    ["Disk", 5],
  ] as const) {
    const response = await page.goto(`${server.url}/plain`);
    expect(response?.headers()["x-nextjs-cache"]).toBe("HIT");
    await page.getByRole("link", { name }).click();
    await expect(page.getByRole("status")).toHaveText(String(score - 1));
    await writeScore(score);
    await expect(page.getByRole("status")).toHaveText(String(score));
  }
  expect(errors).toEqual([]);
});

for (const way of ["route", "page", "fragment", "client"] as const) {
  test(`a page that Next keeps is current when it is shown again, and what it could not show comes back: ${way}`, async ({
    page,
    startServer,
  }) => {
    const server = await startServer({ dir });
    const name = `kept-${way}`;
    const write = async (of: string, value: number): Promise<void> => {
      expect((await fetch(`${server.url}/api/counts/${of}`, { method: "PUT", body: String(value) })).status).toBe(204);
    };
    const shown = (of: string) => page.getByTestId(of).locator("output");
    const expectLive = async (of: string, ...values: readonly number[]): Promise<void> => {
      for (const value of values) {
        await write(of, value);
        await expect(shown(of)).toHaveText(String(value));
      }
    };
    await page.goto(`${server.url}/kept/${way}/${name}`);
    await expectLive(name, 1, 2);
    await page.getByTestId(name).getByLabel("Note").fill("half a sentence");

    // Nothing of the hidden page is touched by what happens meanwhile; then something is.
    await page.getByRole("link", { name: "Next" }).click();
    await expectLive(`${name}-next`, 3, 4);
    await page.goBack();
    await expect(page.getByTestId(name).getByLabel("Note")).toHaveValue("half a sentence");
    await expectLive(name, 5, 6);
    await page.goForward();
    await expectLive(`${name}-next`, 7);
    await write(name, 8);
    await expectLive(`${name}-next`, 9);
    await page.goBack();
    await expect(shown(name)).toHaveText("8");
    await expectLive(name, 10, 11);
    await expect(page.getByTestId(name).getByLabel("Note")).toHaveValue("half a sentence");

    if (way === "client") return;
    for (const [value, alert] of [
      [-1, "not found"],
      [-2, "failed"],
    ] as const) {
      await write(name, value);
      await expect(page.getByText(alert).filter({ visible: true })).toBeVisible();
      await expectLive(name, 12, 13);
      // What comes back while nobody looks.
      await page.getByRole("link", { name: "Next" }).click();
      await expectLive(`${name}-next`, 14 + value);
      await write(name, value);
      await page.goBack();
      await expect(page.getByText(alert).filter({ visible: true })).toBeVisible();
      await page.goForward();
      await expectLive(`${name}-next`, 16 + value);
      await write(name, 15);
      await page.goBack();
      await expect(shown(name)).toHaveText("15");
      await expectLive(name, 16, 17);
    }
  });
}

test("a cached component that is given a value runs once for each value, and its page is live", async ({ browser }) => {
  const runCount = async (): Promise<number> => (await fetch(`${server.url}/api/runs`)).json() as Promise<number>;
  const first = 100 * (1 + test.info().repeatEachIndex);
  await writeScore(first);
  const pages: Page[] = [];
  for (let n = 0; n < 3; n += 1) pages.push(await (await browser.newContext()).newPage());
  const before = await runCount();
  for (const page of pages) {
    await page.goto(`${server.url}/computed`);
    await expect(page.getByRole("status")).toHaveText(String(first));
  }
  expect((await runCount()) - before).toBe(1);
  for (const score of [first + 1, first + 2]) {
    await writeScore(score);
    for (const page of pages) await expect(page.getByRole("status")).toHaveText(String(score));
  }
  expect((await runCount()) - before).toBe(3);
  for (const page of pages) await page.context().close();
});

async function runCountOf(name: string): Promise<number> {
  return (await fetch(`${server.url}/api/runs?of=${name}`)).json() as Promise<number>;
}

test("six requests for a cached component that reads a signal make two renders, each with the right value", async () => {
  const before = await runCountOf("live");
  for (const score of [1, 2]) {
    await writeScore(score);
    for (let n = 0; n < 3; n += 1) {
      const html = await readHtml(`${server.url}/live`);
      expect(html).toContain(`<output data-run="${before + score}">${score}</output>`);
      expect(html).toContain(`<b id="uncached">${score}</b>`);
      // Nobody is told what it was made of.
      expect(html).not.toContain("kawa-cached");
      expect(html).not.toContain("cacheComponents:score");
    }
  }
  expect((await runCountOf("live")) - before).toBe(2);
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
    await writeScore(10);
    const before = await runCountOf(name);
    const pages: Page[] = [];
    for (let n = 0; n < 2; n += 1) pages.push(await (await browser.newContext()).newPage());
    const errors = pages.map(collectErrors);
    for (const page of pages) {
      await page.goto(`${server.url}/${path}`);
      await expect(page.getByRole("status")).toHaveText("10");
    }
    for (const score of [11, 12]) {
      await writeScore(score);
      for (const page of pages) await expect(page.getByRole("status")).toHaveText(String(score));
    }
    expect((await runCountOf(name)) - before).toBe(3);
    expect(errors).toEqual([[], []]);
    for (const page of pages) await page.context().close();
  });
}

test("what a cache of the app's own has kept is right after a restart, for as long as nothing has changed", async ({
  page,
}) => {
  await writeScore(20);
  const before = await runCountOf("disk");
  await page.goto(`${server.url}/live-disk`);
  await expect(page.getByRole("status")).toHaveText("20");
  expect((await runCountOf("disk")) - before).toBe(1);

  await server.restart();
  expect(await readHtml(`${server.url}/live-disk`)).toContain("<output>20</output>");
  expect(await runCountOf("disk")).toBe(0);
  await page.reload();
  await expect(page.getByRole("status")).toHaveText("20");
  await writeScore(21);
  await expect(page.getByRole("status")).toHaveText("21");
  expect(await runCountOf("disk")).toBe(1);

  await server.stop();
  await server.start();
  expect(await readHtml(`${server.url}/live-disk`)).toContain("<output>21</output>");
  expect(await runCountOf("disk")).toBe(0);
});

test("a tag of the app ends what is cached, whatever the signals are", async () => {
  await writeScore(30);
  const before = await runCountOf("tagged");
  for (const run of [1, 2]) {
    for (let n = 0; n < 2; n += 1)
      expect(await readHtml(`${server.url}/live-tagged`)).toContain(`<output data-run="${before + run}">30</output>`);
    expect((await fetch(`${server.url}/api/tag`, { method: "POST", body: "points" })).status).toBe(204);
  }
});

test("what hooks decide about is not cached for everybody", async () => {
  expect(await readHtml(`${server.url}/live-private`)).not.toContain("<output>0</output>");
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
