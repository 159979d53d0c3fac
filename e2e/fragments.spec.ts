import { atLab, expect, test } from "./fixtures.ts";
import { openPushed, shownFragment, waitForPush, watchPushes } from "./support/fragments.ts";
import { countRenders, expectState, markWindow, shownCount, writeCount } from "./support/lab.ts";

test.use(atLab);

test("a fragment changes by itself: its page is not rendered, and the client component inside keeps its state", async ({
  page,
  labServer,
}) => {
  await openPushed(page, "/fragment/one/alone");
  const renders = countRenders(page);
  await page.getByLabel("Note").fill("half a sentence");
  await page.getByRole("button").click();

  for (let count = 1; count <= 5; count += 1) {
    await writeCount(labServer, "alone", count);
    await expect(shownFragment(page, "alone")).toHaveText(String(count));
  }

  await expect(page.getByRole("button")).toHaveText("Clicked 1");
  await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
  expect(renders.count).toBe(0);
});

test("fifty fragments have one call, in which only those come that have changed", async ({ page, labServer }) => {
  const pushes = watchPushes(page);
  await openPushed(page, "/fragment/list/list");
  const renders = countRenders(page);
  await page.getByRole("button").nth(7).click();

  await Promise.all([writeCount(labServer, "list-7", 70), writeCount(labServer, "list-49", 490)]);

  await expect(shownFragment(page, "list-7")).toHaveText("70");
  await expect(shownFragment(page, "list-49")).toHaveText("490");
  await expect(shownFragment(page, "list-8")).toHaveText("0");
  await expect(page.getByRole("button").nth(7)).toHaveText("Clicked 1");
  expect({ opened: pushes.opened, open: pushes.open, renders: renders.count }).toEqual({
    opened: 1,
    open: 1,
    renders: 0,
  });
});

test("a fragment inside of another one changes alone, and keeps its state when the outer one changes", async ({
  page,
  labServer,
}) => {
  const pushes = watchPushes(page);
  await openPushed(page, "/fragment/nested/nested");
  const renders = countRenders(page);
  await page.getByRole("button").click();

  await writeCount(labServer, "nested-inner", 1);
  await expect(shownFragment(page, "nested-inner")).toHaveText("1");
  await writeCount(labServer, "nested-outer", 2);
  await expect(shownFragment(page, "nested-outer")).toHaveText("2");
  await expect(shownFragment(page, "nested-inner")).toHaveText("1");
  await writeCount(labServer, "nested-inner", 3);
  await expect(shownFragment(page, "nested-inner")).toHaveText("3");
  await expect(page.getByRole("button")).toHaveText("Clicked 1");
  expect({ opened: pushes.opened, renders: renders.count }).toEqual({ opened: 1, renders: 0 });
});

test("what a fragment shows inside of Suspense is pushed too, without its fallback", async ({ page, labServer }) => {
  await openPushed(page, "/fragment/suspense/suspense");
  await expect(shownFragment(page, "suspense-late")).toHaveText("0");
  const renders = countRenders(page);
  const fallbacks = page.getByText("Loading");

  await writeCount(labServer, "suspense-early", 1);
  await expect(shownFragment(page, "suspense-early")).toHaveText("1");
  await writeCount(labServer, "suspense-late", 2);
  await expect(shownFragment(page, "suspense-late")).toHaveText("2");
  await expect(shownFragment(page, "suspense-early")).toHaveText("1");
  await expect(fallbacks).toHaveCount(0);
  expect(renders.count).toBe(0);
});

test("a steady stream of writes to a fragment that takes 300 ms is shown on the way, and its end exactly", async ({
  page,
  labServer,
}) => {
  await openPushed(page, "/fragment/suspense/steady");
  await expect(shownFragment(page, "steady-late")).toHaveText("0");
  await page.evaluate(() => {
    const shown = new Set<string>();
    const element = document.querySelector("output")!;
    new MutationObserver(() => shown.add(element.textContent)).observe(element, {
      childList: true,
      characterData: true,
      subtree: true,
    });
    Object.assign(window, { shown });
  });
  const shownTotal = () => page.evaluate(() => (window as unknown as { shown: Set<string> }).shown.size);
  let count = 0;
  // A busy machine may not have come to it by the sixtieth.
  while (count < 60 || (count < 1_000 && (await shownTotal()) === 0)) {
    count += 1;
    await writeCount(labServer, "steady-early", count);
  }
  await expect(shownFragment(page, "steady-early")).toHaveText(String(count));
  expect(await shownTotal()).toBeGreaterThan(1);
});

test("a fragment shows what was written while its server was away", async ({ page, labServer }) => {
  await openPushed(page, `${labServer.url}/fragment/one/restart`);
  const expectSameWindow = await markWindow(page);
  await page.getByRole("button").click();
  await writeCount(labServer, "restart", 1);
  await expect(shownFragment(page, "restart")).toHaveText("1");

  expect(await labServer.stop()).toMatchObject({ wasForced: false, leftoverPids: [] });
  await labServer.start();
  await writeCount(labServer, "restart", 2);

  await expect(shownFragment(page, "restart")).toHaveText("2");
  await writeCount(labServer, "restart", 3);
  await expect(shownFragment(page, "restart")).toHaveText("3");
  await expect(page.getByRole("button")).toHaveText("Clicked 1");
  await expectSameWindow();
});

test("a fragment shows what was written while the engine was away", async ({ page, startLabServer }) => {
  const server = await startLabServer();
  await openPushed(page, `${server.url}/fragment/one/engine`);
  await writeCount(server, "engine", 1);
  await expect(shownFragment(page, "engine")).toHaveText("1");
  await server.killEngine();
  await writeCount(server, "engine", 2);
  await expect(shownFragment(page, "engine")).toHaveText("2");
});

test("a hidden tab has no push, and catches up once when it is shown", async ({ page, labServer }) => {
  const pushes = watchPushes(page);
  await openPushed(page, "/fragment/one/hidden-tab-push");
  const setVisibility = (state: "hidden" | "visible"): Promise<void> =>
    page.evaluate((value) => {
      Object.defineProperty(document, "visibilityState", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);

  await setVisibility("hidden");
  await expect.poll(() => pushes.open).toBe(0);
  await writeCount(labServer, "hidden-tab-push", 1);
  const again = waitForPush(page);
  await setVisibility("visible");
  await again;
  await expect(shownFragment(page, "hidden-tab-push")).toHaveText("1");
});

test("two tabs of a browser have a push, and the third renders its page", async ({ context, labServer }) => {
  const pages = [await context.newPage(), await context.newPage(), await context.newPage()];
  const pushes = pages.map(watchPushes);
  for (const page of pages.slice(0, 2)) await openPushed(page, `${labServer.url}/fragment/one/tabs`);
  const third = pages[2]!;
  await third.goto(`${labServer.url}/fragment/one/tabs`);
  const renders = pages.map((page) => countRenders(page));
  await expect(shownFragment(third, "tabs")).toHaveText("0");
  await expectState(third, "live");
  // Longer than a tab waits for its turn.
  await third.waitForTimeout(2_000);

  await writeCount(labServer, "tabs", 1);

  for (const page of pages) await expect(shownFragment(page, "tabs")).toHaveText("1");
  expect(pushes.map(({ opened }) => opened)).toEqual([1, 1, 0]);
  expect(renders.map(({ count }) => count)).toEqual([0, 0, 1]);

  // A tab that goes makes room.
  const push = waitForPush(third);
  await pages[0]!.close();
  await push;
});

test("a fragment that fails shows the page's error, and comes back by itself with the next good value", async ({
  page,
  labServer,
}) => {
  await openPushed(page, "/failing/fragment/failing");
  await writeCount(labServer, "failing", 1);
  await expect(shownCount(page)).toHaveText("1");
  await writeCount(labServer, "failing", -1);
  await expect(page.getByText("This cannot be shown at the moment.")).toBeVisible();
  await writeCount(labServer, "failing", 2);
  await expect(shownCount(page)).toHaveText("2");
  await writeCount(labServer, "failing", 3);
  await expect(shownCount(page)).toHaveText("3");
});

/** How often a page looks for a server of its build: `next/router/own-build`. */
const maxAttempts = 12;

test("a page of an older build goes on live, by rendering its route", async ({ page, labServer }) => {
  await page.route(
    (url) => url.pathname.startsWith("/fragment/one/deploy"),
    async (route) => {
      const headers = route.request().headers();
      if (headers["next-action"] === undefined) return route.continue();
      await route.continue({ headers: { ...headers, "next-action": "00".repeat(21) } });
    },
  );
  const pushes = watchPushes(page);
  const refused = page.waitForResponse((response) => response.headers()["x-nextjs-action-not-found"] === "1");
  await page.goto("/fragment/one/deploy");
  await refused;
  const renders = countRenders(page);
  await writeCount(labServer, "deploy", 1);
  await expect(shownFragment(page, "deploy")).toHaveText("1");
  // The actions are of an older build, too: a server of that build is looked for, and then the route is rendered in another way.
  expect(renders.count).toBeLessThanOrEqual(2 + maxAttempts);
  const opened = pushes.opened;
  expect(opened).toBeLessThanOrEqual(1 + maxAttempts);
  await writeCount(labServer, "deploy", 2);
  await expect(shownFragment(page, "deploy")).toHaveText("2");
  expect(pushes.opened).toBe(opened);
});
