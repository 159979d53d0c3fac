import type { Page, Route } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { expect, test } from "./fixtures.ts";
import { World } from "./fuzz/world.ts";
import { expectState, isRefreshAction, openLive, shownCount, writeCount } from "./support/lab.ts";
import { signalProcess } from "./support/process.ts";

/** Without a shared worker a page asks for its stream itself, where the test can answer. */
async function answerStreams(page: Page, answer: (route: Route) => Promise<void>): Promise<void> {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker"));
  await page.route("**/api/reactive", (route) =>
    route.request().method() === "POST" ? answer(route) : route.continue(),
  );
}

test("a page whose render never ends says that it is stale, tells the server's log, and is live when the render ends", async ({
  page,
  labServer,
}) => {
  await openLive(page, `${labServer.url}/counter/never-ends?secret=1`);
  await page.evaluate(() => {
    const told: unknown[] = [];
    Object.assign(window, { told });
    window.addEventListener("kawa:stale", (event) => void told.push((event as CustomEvent).detail));
  });
  const held = Promise.withResolvers<void>();
  await page.route("**/counter/never-ends*", async (route) => {
    if (isRefreshAction(route.request())) await held.promise;
    await route.continue();
  });
  const before = labServer.log().length;
  await writeCount(labServer, "never-ends", 1);
  await expectState(page, "stale");
  await expect
    .poll(() => labServer.log().slice(before))
    .toContain("the render that it requested does not end. Its path:");
  const log = labServer.log().slice(before);
  expect(log).toContain("/counter/never-ends");
  expect(log).not.toContain("secret");
  expect(await page.evaluate(() => (window as unknown as { told: unknown[] }).told)).toMatchObject([
    { way: "refresh", path: "/counter/never-ends" },
  ]);
  held.resolve();
  await expect(shownCount(page)).toHaveText("1");
  await expectState(page, "live");
});

test("pages say that they are offline when their server hangs, and are live when it goes on", async ({
  page,
  context,
  labServer,
}) => {
  await openLive(page, `${labServer.url}/counter/server-hangs`);
  const other = await context.newPage();
  await openLive(other, `${labServer.url}/counter/server-hangs`);
  signalProcess(labServer.pid, "SIGSTOP");
  try {
    await expectState(page, "offline");
    await expectState(other, "offline");
  } finally {
    signalProcess(labServer.pid, "SIGCONT");
  }
  await expectState(page, "live");
  await writeCount(labServer, "server-hangs", 1);
  for (const each of [page, other]) await expect(shownCount(each)).toHaveText("1");
});

test("a page that lives through a crash of its server follows what its late part had read right before", async ({
  page,
  labServer,
}) => {
  const address = `${labServer.url}/late/held/crash`;
  const showLatePart = async (): Promise<void> =>
    expect((await fetch(`${address}/show`, { method: "POST" })).status).toBe(204);
  await page.goto(address, { waitUntil: "commit" });
  await expectState(page, "live");
  await showLatePart();
  await expect(shownCount(page)).toHaveText("0");
  await labServer.kill();
  await labServer.start();
  await showLatePart();
  await writeCount(labServer, "crash", 1);
  await expect(shownCount(page)).toHaveText("1");
  await expectState(page, "live");
});

test("a page says that it is stale while its server may not hear of changes, and is live when it does", async ({
  page,
  labServer,
}) => {
  await openLive(page, `${labServer.url}/counter/cut`);
  const engine = await labServer.engine();
  signalProcess(engine!.pid, "SIGSTOP");
  try {
    await expectState(page, "stale");
  } finally {
    signalProcess(engine!.pid, "SIGCONT");
  }
  await expectState(page, "live");
  await writeCount(labServer, "cut", 1);
  await expect(shownCount(page)).toHaveText("1");
});

for (const [what, answer, why] of [
  ["nothing answers at the route", { status: 404, body: "" }, "it was answered with 404"],
  [
    "something else answers",
    { status: 200, contentType: "text/html", body: "<p>Please sign in to this network</p>" },
    "something else answered",
  ],
] as const) {
  test(`a page is never live when ${what}, and its console says why, once`, async ({ page, labServer }) => {
    const warnings: string[] = [];
    page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
    await answerStreams(page, (route) => route.fulfill(answer));
    await page.goto(`${labServer.url}/counter/no-route`);
    await expectState(page, "offline");
    await expect.poll(() => warnings).toEqual([expect.stringContaining(why)]);
    await page.unroute("**/api/reactive");
    await expectState(page, "live");
  });
}

test("a page that reads nothing is live where the one before it was told of a change during a refresh", async ({
  browser,
  labServer,
}) => {
  const world = await World.start(browser, labServer, randomUUID());
  try {
    await world.open("plain");
    const page = world.pages[0]!;
    const look = () => world.look(page);
    await expect.poll(async () => (await look()).status).toBe("live");
    let toldCount = 0;
    world.network.onData = (data, isAnswer) => void (isAnswer && data.includes("event: change") && (toldCount += 1));
    const held = Promise.withResolvers<void>();
    await page.route("**/plain", async (route) => {
      if (isRefreshAction(route.request())) await held.promise;
      await route.continue();
    });
    for (const count of [1, 2]) {
      await world.add("a");
      await expect.poll(() => toldCount).toBe(count);
    }
    held.resolve();
    await expect.poll(async () => (await look()).values).toEqual(["a=2", "b=0"]);
    await world.click(page, '[data-to="quiet"]');
    await expect.poll(async () => (await look()).page).toBe("quiet");
    // By the app: then the layout names what the page reads, which is nothing.
    const isRendered = page.waitForRequest(isRefreshAction);
    await world.refresh(page);
    await isRendered;
    await expect.poll(async () => (await look()).status).toBe("live");
  } finally {
    await world.stop();
  }
});
