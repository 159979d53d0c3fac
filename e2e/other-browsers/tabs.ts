import { expect, test } from "../fixtures.ts";
import { putValue } from "../support/client-signals.ts";
import { writeCount, writeShared } from "../support/lab.ts";
import { Network } from "../support/network.ts";
import { expectState, expectText, markDocument, openLive, type Tab, traverse, valueIn } from "./tab.ts";
import { button, link, type Tried } from "./try-browser.ts";

/** Tabs that are left, closed, cut off and shown to somebody else. */
export function testTabs({ newTab, closeTab, keyOf, launch, keepsDocuments }: Tried): void {
  test("a page that one goes back to is current and live, from the router and from the browser's cache", async ({
    labServer,
  }) => {
    const [key, other, tab] = [keyOf("back"), keyOf("forward"), await newTab()];
    await openLive(tab, `${labServer.url}/counter/${key}?other=${other}`);
    const expectSameDocument = await markDocument(tab);
    await tab.click(link(`Go to ${other}`));
    await expectText(tab, "h1", other);
    await writeCount(labServer, key, 1);
    await traverse(tab, -1);
    await expectText(tab, "h1", key);
    await expectText(tab, "output", "1");
    await writeCount(labServer, other, 2);
    await traverse(tab, 1);
    await expectText(tab, "h1", other);
    await expectText(tab, "output", "2");
    await expectSameDocument();

    await tab.goto(`${labServer.url}/session`);
    await writeCount(labServer, other, 3);
    await traverse(tab, -1);
    await expectText(tab, "h1", other);
    await expectText(tab, "output", "3");
    if (keepsDocuments) await expectSameDocument();
    await writeCount(labServer, other, 4);
    await expectText(tab, "output", "4");
    await expectState(tab, "live");
  });

  test("tabs go on when the first one is closed, with which the shared worker began", async ({ labServer }) => {
    const [key, first, ...others] = [keyOf("tabs"), await newTab(), await newTab(), await newTab()];
    for (const tab of [first, ...others]) await openLive(tab, `${labServer.url}/counter/${key}`);
    await writeCount(labServer, key, 1);
    for (const tab of [first, ...others]) await expectText(tab, "output", "1");
    await closeTab(first);
    for (let value = 2; value <= 3; value += 1) {
      await writeCount(labServer, key, value);
      for (const tab of others) await expectText(tab, "output", String(value));
    }
    for (const tab of others) await expectState(tab, "live");
  });

  test("tabs share a stream where there are no shared workers, also when the first one is closed", async ({
    labServer,
  }) => {
    // One more start of a browser.
    test.slow();
    const without = await launch({ hasSharedWorkers: false });
    try {
      const [key, first, second] = [keyOf("without-workers"), await without.newTab(), await without.newTab()];
      for (const tab of [first, second]) await openLive(tab, `${labServer.url}/counter/${key}`);
      await writeCount(labServer, key, 1);
      for (const tab of [first, second]) await expectText(tab, "output", "1");
      await first.close();
      await writeCount(labServer, key, 2);
      await expectText(second, "output", "2");
      await expectState(second, "live");
    } finally {
      await without.close();
    }
  });

  test("a browser says that it is offline, and is current by itself when the network is back", async ({
    labServer,
  }) => {
    const network = await Network.start(labServer.url);
    try {
      const [key, tab] = [keyOf("offline"), await newTab()];
      await openLive(tab, `${network.url}/counter/${key}`);
      const expectSameDocument = await markDocument(tab);
      await tab.type("[aria-label=Note]", "half a sentence");
      network.cut();
      await expectState(tab, "offline");
      await writeCount(labServer, key, 5);
      network.mend();
      await expectText(tab, "output", "5");
      await expectState(tab, "live");
      expect(await valueIn(tab, "[aria-label=Note]")).toBe("half a sentence");
      await expectSameDocument();
    } finally {
      await network.close();
    }
  });

  test("what a visitor has seen is shown to nobody after the sign-out, in other tabs and in pages that one goes back to", async ({
    labServer,
  }) => {
    const [key, tab, other] = [keyOf("forgotten"), await newTab(), await newTab()];
    const lookAtNext = (each: Tab): Promise<void> =>
      each.run(() => {
        const seen: (string | null | undefined)[] = [];
        Object.assign(window, { seen });
        const look = (): void => {
          seen.push(document.querySelector("[data-testid=client]")?.textContent);
          requestAnimationFrame(look);
        };
        addEventListener("pageshow", look);
      });
    const seenIn = (each: Tab): Promise<unknown[]> => each.run(() => (window as { seen?: unknown[] }).seen ?? []);

    await writeShared(labServer, key, 31);
    await tab.goto(`${labServer.url}/session`);
    await tab.click(button("Sign in as Alice"));
    await expectText(tab, "[data-testid=who]", "Alice");
    for (const each of [tab, other]) {
      await openLive(each, `${labServer.url}/client/${key}`);
      await expectText(each, "[data-testid=client]", "31");
    }
    await lookAtNext(tab);
    await tab.goto(`${labServer.url}/session`);
    await tab.click(button("Sign out"));
    await expectText(tab, "[data-testid=who]", "a guest");
    await putValue(labServer.url, { id: `next ${key}`, key: `lab:${key}:shared`, text: "[32]" });
    await expectText(other, "[data-testid=client]", "32");
    await traverse(tab, -1);
    await expectText(tab, "[data-testid=client]", "32");
    expect(await seenIn(tab)).not.toContain("31");
  });
}
