import { expect, test } from "../fixtures.ts";
import { writeCount, writeShared } from "../support/lab.ts";
import { expectText, markDocument, openLive, textIn, traverse, valueIn } from "./tab.ts";
import { button, link, type Tried } from "./try-browser.ts";

const shown = (name: string): string => `[data-testid="shown-${name}"] output`;
const note = (name: string): string => `[aria-label="Note of ${name}"]`;

/** What a page shows, and what it leaves alone. */
export function testScreen({ newTab, keyOf }: Tried): void {
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

  test("a modal over a feed and the feed behind it change, and nothing that was typed is lost", async ({
    labServer,
  }) => {
    const [key, tab] = [keyOf("feed"), await newTab()];
    const photo = `${key}-photo`;
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
