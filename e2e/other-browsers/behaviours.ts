import { expect, test } from "../fixtures.ts";
import { putValue } from "../support/client-signals.ts";
import { writeCount, writeShared } from "../support/lab.ts";
import { Network } from "../support/network.ts";
import {
  expectState,
  expectText,
  type LaunchOptions,
  markDocument,
  openLive,
  type OtherBrowser,
  type Tab,
  textIn,
  traverse,
  valueIn,
} from "./tab.ts";

type Subject = {
  /** Begins the names of keys: two browsers may share a server. */
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing: string | undefined;
  readonly launch: (options?: LaunchOptions) => Promise<OtherBrowser>;
  /** Shows a document again as it was left, when one goes back to it. */
  readonly keepsDocuments: boolean;
};

const button = (text: string): string => `//button[normalize-space()="${text}"]`;
const link = (text: string): string => `//a[normalize-space()="${text}"]`;
const shown = (name: string): string => `[data-testid="shown-${name}"] output`;
const note = (name: string): string => `[aria-label="Note of ${name}"]`;

/** What must hold in every browser. What Chromium alone has shown elsewhere is not shown again. */
export function testBehaviours({ name: browserName, missing, launch, keepsDocuments }: Subject): void {
  test.skip(missing !== undefined, missing);

  let browser: OtherBrowser;
  const tabs: Tab[] = [];

  test.beforeAll(async () => void (browser = await launch()));
  test.afterAll(() => browser?.close());
  test.afterEach(async () => {
    for (const tab of tabs.splice(0)) await tab.close();
  });

  async function newTab(): Promise<Tab> {
    const tab = await browser.newTab();
    tabs.push(tab);
    return tab;
  }

  const keyOf = (name: string): string => `${browserName}-${name}`;

  test("a page shows by itself what changes", async ({ labServer }) => {
    const [key, tab] = [keyOf("page"), await newTab()];
    await openLive(tab, `${labServer.url}/counter/${key}`);
    const expectSameDocument = await markDocument(tab);
    for (let value = 1; value <= 3; value += 1) {
      await writeCount(labServer, key, value);
      await expectText(tab, "output", String(value));
    }
    await tab.click(button("Add one"));
    await expectText(tab, "output", "4");
    await expectSameDocument();
  });

  test("a live fragment changes, and the client component inside stays as it was", async ({ labServer }) => {
    const [key, tab] = [keyOf("fragment"), await newTab()];
    await openLive(tab, `${labServer.url}/fragment/one/${key}`);
    await tab.click(button("Clicked 0"));
    await tab.click(button("Clicked 1"));
    for (let value = 1; value <= 3; value += 1) {
      await writeCount(labServer, key, value);
      await expectText(tab, `output[data-name="${key}"]`, String(value));
    }
    expect(await textIn(tab, "p button")).toBe("Clicked 2");
  });

  test("a client component shows its write at once, and other tabs when it is accepted", async ({ labServer }) => {
    const [key, tab, other] = [keyOf("client"), await newTab(), await newTab()];
    const url = `${labServer.url}/client/${key}`;
    await openLive(tab, url);
    await openLive(other, url);
    await tab.run(() => {
      const nativeFetch = window.fetch;
      const held = Promise.withResolvers<void>();
      Object.assign(window, { letWritesGo: held.resolve });
      window.fetch = async (input, init) => {
        if (init?.method === "PUT") await held.promise;
        return nativeFetch(input, init);
      };
    });
    await tab.click(`//form[@aria-label="client"]${button("Add one")}`);
    await expectText(tab, "[data-testid=client]", "1");
    await expectText(tab, "[data-testid=client-pending]", "true");
    expect(await textIn(other, "[data-testid=client]")).toBe("0");

    await tab.run(() => (window as unknown as { letWritesGo(): void }).letWritesGo());
    await expectText(other, "[data-testid=client]", "1");
    await expectText(tab, "[data-testid=client-pending]", "false");
    for (const each of [tab, other]) await expectText(each, "[data-testid=server]", "1");
    await writeShared(labServer, key, 7);
    for (const each of [tab, other]) await expectText(each, "[data-testid=client]", "7");
  });

  test("the redirect of an action arrives, and the page that it leads to is live", async ({ labServer }) => {
    const [key, tab] = [keyOf("action"), await newTab()];
    await openLive(tab, `${labServer.url}/navigation/actions/route/${key}`);
    const expectSameDocument = await markDocument(tab);
    await tab.click(button("Create"));
    for (let value = 1; value <= 2; value += 1) {
      await expectText(tab, "h1", "Target");
      await writeCount(labServer, `${key}-target`, value);
      await expectText(tab, shown(`${key}-target`), String(value));
    }
    await expectSameDocument();
  });

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

  test("a modal over a feed and the feed behind it change, and nothing that was typed is lost", async ({
    labServer,
  }) => {
    const [key, photo, tab] = [keyOf("feed"), keyOf("feed-photo"), await newTab()];
    await openLive(tab, `${labServer.url}/navigation/feed/route?name=${key}`);
    const expectSameDocument = await markDocument(tab);
    await tab.type(note(key), "half a sentence");
    await tab.click(link("Open"));
    await expectText(tab, `[role=dialog] ${shown(photo)}`, "0");
    for (const [index, changed] of [key, photo, key].entries()) {
      await writeCount(labServer, changed, 10 + index);
      await expectText(tab, shown(changed), String(10 + index));
    }
    await traverse(tab, -1);
    await expect.poll(() => textIn(tab, "[role=dialog]")).toBe(null);
    await writeCount(labServer, key, 20);
    await expectText(tab, shown(key), "20");
    expect(await valueIn(tab, note(key))).toBe("half a sentence");
    await expectSameDocument();
  });

  test("tabs go on when the first one is closed, with which the shared worker began", async ({ labServer }) => {
    const [key, first, ...others] = [keyOf("tabs"), await newTab(), await newTab(), await newTab()];
    for (const tab of [first, ...others]) await openLive(tab, `${labServer.url}/counter/${key}`);
    await writeCount(labServer, key, 1);
    for (const tab of [first, ...others]) await expectText(tab, "output", "1");
    tabs.splice(tabs.indexOf(first), 1);
    await first.close();
    for (let value = 2; value <= 3; value += 1) {
      await writeCount(labServer, key, value);
      for (const tab of others) await expectText(tab, "output", String(value));
    }
    for (const tab of others) await expectState(tab, "live");
  });

  test("tabs share a stream where there are no shared workers, also when the first one is closed", async ({
    labServer,
  }) => {
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

  test("what was typed, a dialog with its focus and the scroll position survive changes", async ({ labServer }) => {
    const [key, tab] = [keyOf("kept"), await newTab()];
    await openLive(tab, `${labServer.url}/kept/${key}`);
    const expectSameDocument = await markDocument(tab);
    await tab.type("[aria-label=Uncontrolled]", "uncontrolled text");
    await tab.type("[aria-label=Controlled]", "controlled text");
    await tab.click(button("Open the dialog"));
    await tab.type('[aria-label="In the dialog"]', "half a sen");
    await tab.run(() => scrollTo(0, 1_200));
    const look = (): Promise<unknown> =>
      tab.run(() => ({
        scrollY: Math.round(scrollY),
        isOpen: document.querySelector("dialog")!.open,
        focused: document.activeElement?.getAttribute("aria-label"),
        typed: [...document.querySelectorAll("input")].map((input) => [input.getAttribute("aria-label"), input.value]),
      }));
    const before = await look();
    expect(before).toMatchObject({ scrollY: 1_200, isOpen: true, focused: "In the dialog" });
    for (let value = 1; value <= 3; value += 1) {
      await writeCount(labServer, key, value);
      await expectText(tab, "dialog p", `Dialog at ${value}`);
    }
    expect(await look()).toEqual(before);
    await expectSameDocument();
  });
}
