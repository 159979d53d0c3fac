import type { BrowserContext, CDPSession, Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { expectState, openLive, shownCount, writeCount } from "./support/lab.ts";

type TargetInfo = { readonly targetId: string; readonly type: string };

async function openTabs(context: BrowserContext, url: string, count = 3): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for (let n = 0; n < count; n += 1) {
    const page = await context.newPage();
    await openLive(page, url);
    pages.push(page);
  }
  return pages;
}

async function expectCurrent(pages: readonly Page[], value: number): Promise<void> {
  for (const page of pages) {
    await expect(shownCount(page)).toHaveText(String(value));
    await expectState(page, "live");
  }
}

async function sharedWorkers(session: CDPSession): Promise<readonly TargetInfo[]> {
  const { targetInfos } = await session.send("Target.getTargets");
  return targetInfos.filter(({ type }) => type === "shared_worker");
}

async function expectWorkers(session: CDPSession, count: number): Promise<void> {
  await expect.poll(async () => (await sharedWorkers(session)).length).toBe(count);
}

/** Runs code in the shared worker, without waiting for it. */
async function runInWorker(session: CDPSession, expression: string): Promise<void> {
  const [worker] = await sharedWorkers(session);
  const { sessionId } = await session.send("Target.attachToTarget", { targetId: worker!.targetId, flatten: false });
  const message = JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } });
  await session.send("Target.sendMessageToTarget", { sessionId, message });
}

test.describe("three tabs are current again, over one stream", () => {
  test("when their shared worker has ended", async ({ browser, context, labServer }) => {
    const pages = await openTabs(context, `${labServer.url}/counter/worker-ended`);
    const session = await browser.newBrowserCDPSession();
    for (let value = 1; value <= 3; value += 1) {
      const [worker] = await sharedWorkers(session);
      await session.send("Target.closeTarget", { targetId: worker!.targetId });
      await writeCount(labServer, "worker-ended", value);
      await expectCurrent(pages, value);
      await expectWorkers(session, 1);
    }
    const late = await openTabs(context, `${labServer.url}/counter/worker-ended`, 1);
    await writeCount(labServer, "worker-ended", 9);
    await expectCurrent([...pages, ...late], 9);
    await expectWorkers(session, 1);
  });

  test("when their shared worker hangs", async ({ browser, context, labServer }) => {
    const pages = await openTabs(context, `${labServer.url}/counter/worker-hangs`);
    const session = await browser.newBrowserCDPSession();
    await runInWorker(session, "for (;;);");
    await writeCount(labServer, "worker-hangs", 1);
    await expectCurrent(pages, 1);
    await expectWorkers(session, 2);
  });

  test("when the tab has crashed whose process ran their shared worker", async ({ browser, context, labServer }) => {
    const [first, ...others] = await openTabs(context, `${labServer.url}/counter/tab-crashed`);
    const crash = await context.newCDPSession(first!);
    crash.send("Page.crash").catch(() => {});
    await first!.waitForEvent("crash");
    await writeCount(labServer, "tab-crashed", 1);
    await expectCurrent(others, 1);
    await expectWorkers(await browser.newBrowserCDPSession(), 1);
  });

  test("when the tab hangs that leads them, where there is no shared worker", async ({ context, labServer }) => {
    await context.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker"));
    const [first, ...others] = await openTabs(context, `${labServer.url}/counter/leader-hangs`);
    const session = await context.newCDPSession(first!);
    await session.send("Debugger.enable");
    session.send("Runtime.evaluate", { expression: "debugger" }).catch(() => {});
    await writeCount(labServer, "leader-hangs", 1);
    await expectCurrent(others, 1);
    await session.send("Debugger.resume");
    await expectCurrent([first!], 1);
    await writeCount(labServer, "leader-hangs", 2);
    await expectCurrent([first!, ...others], 2);
  });
});

test("a tab says that it is offline while nobody can start the shared worker again, and is current when it can", async ({
  browser,
  context,
  labServer,
}) => {
  const [page] = await openTabs(context, `${labServer.url}/counter/no-script`, 1);
  const session = await browser.newBrowserCDPSession();
  await context.route(/\/_next\/static\//, (route) => route.fulfill({ status: 404, body: "" }));
  const [worker] = await sharedWorkers(session);
  await session.send("Network.clearBrowserCache").catch(() => {});
  await session.send("Target.closeTarget", { targetId: worker!.targetId });
  await writeCount(labServer, "no-script", 1);
  // From the cache of the browser it starts all the same.
  await expect(
    shownCount(page!).filter({ hasText: "1" }).or(page!.locator('[data-testid="live"][data-state="offline"]')),
  ).toBeVisible();
  await context.unroute(/\/_next\/static\//);
  await expect(shownCount(page!)).toHaveText("1");
});
