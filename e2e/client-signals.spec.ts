import type { Page } from "@playwright/test";
import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { expect, test } from "./fixtures.ts";
import { holdWrites, putValue, recordTexts, watchErrors } from "./support/client-signals.ts";
import { countRenders, expectState, openLive } from "./support/lab.ts";

async function write(page: Page, value: number): Promise<void> {
  const form = page.getByRole("form", { name: "client" });
  await form.getByLabel("Value").fill(String(value));
  await form.getByRole("button", { name: "Set" }).click();
}

test("a theme switcher in a client component changes what all browsers show", async ({ browser, labServer }) => {
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [await contextA.newPage(), await contextB.newPage()];
  const errors = [watchErrors(a), watchErrors(b)];
  await openLive(a, `${labServer.url}/client/theme`);
  await openLive(b, `${labServer.url}/client/theme`);
  await expect(b.getByTestId("theme")).toHaveText("system");

  await a.getByRole("button", { name: "dark" }).click();

  await expect(a.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByRole("button", { name: "dark" })).toHaveAttribute("aria-pressed", "true");
  expect(errors).toEqual([[], []]);
  await contextA.close();
  await contextB.close();
});

test("a value that others write comes without a render of the page", async ({ page, browser, labServer }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${labServer.url}/client/no-render`);
  await openLive(other, `${labServer.url}/client/no-render`);
  const renders = countRenders(page);

  // Only client components read the theme; the number is read by a server component, too.
  await other.getByRole("button", { name: "light" }).click();
  await expect(page.getByTestId("theme")).toHaveText("light");
  expect(renders.count).toBe(0);

  await write(other, 7);
  await expect(page.getByTestId("client")).toHaveText("7");
  await expect(page.getByTestId("client-double")).toHaveText("14");
  await expect(page.getByTestId("late")).toHaveText("7");
  await expect(page.getByTestId("server")).toHaveText("7");
  expect(renders.count).toBe(1);
  await other.context().close();
});

test("a writer sees its value at once, and others when it is accepted", async ({ page, browser, labServer }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${labServer.url}/client/slow`);
  await openLive(other, `${labServer.url}/client/slow`);
  const shown = await recordTexts(page, "client");
  const seen = await recordTexts(other, "client");
  const answer = page.waitForResponse((response) => response.request().method() === "PUT");
  const letWritesGo = await holdWrites(page);

  await write(page, 7);
  await expect(page.getByTestId("client")).toHaveText("7");
  await expect(page.getByTestId("client-pending")).toHaveText("true");
  expect(await other.getByTestId("client").textContent()).toBe("0");
  letWritesGo();

  expect((await answer).status()).toBe(204);
  await expect(other.getByTestId("client")).toHaveText("7");
  await expect(page.getByTestId("client-pending")).toHaveText("false");
  await expect(page.getByTestId("server")).toHaveText("7");
  // Neither goes back in between.
  expect(await shown()).toEqual(["7"]);
  expect(await seen()).toEqual(["7"]);
  await other.context().close();
});

test("a refused write is taken back with its reason, and never seen by another browser", async ({
  page,
  browser,
  labServer,
}) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${labServer.url}/client/refused`);
  await openLive(other, `${labServer.url}/client/refused`);
  const seen = await recordTexts(other, "client");
  const letWritesGo = await holdWrites(page);

  await write(page, -1);
  await expect(page.getByTestId("client")).toHaveText("-1");
  letWritesGo();
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveText(
    "Numbers below zero cannot be saved.",
  );
  await expect(page.getByTestId("client")).toHaveText("0");

  // What comes after it has come to the other browser, and the refused one had not.
  await write(page, 3);
  await expect(other.getByTestId("client")).toHaveText("3");
  expect(await seen()).toEqual(["3"]);
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveCount(0);
  await other.context().close();
});

test("a write without a connection is taken back with its reason", async ({ page, context, labServer }) => {
  await openLive(page, `${labServer.url}/client/offline`);
  await context.setOffline(true);
  await page.getByRole("form", { name: "client" }).getByRole("button", { name: "Add one" }).click();
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveText(
    "There is no connection. It was not saved.",
  );
  await expect(page.getByTestId("client")).toHaveText("0");
  await context.setOffline(false);
});

test("two tabs that race on one key end equal, and lose no update", async ({ context, labServer }) => {
  const [a, b] = [await context.newPage(), await context.newPage()];
  await openLive(a, `${labServer.url}/client/race`);
  await openLive(b, `${labServer.url}/client/race`);
  const clicks = 20;
  const add = (page: Page): Promise<void> =>
    page
      .getByRole("form", { name: "client" })
      .getByRole("button", { name: "Add one" })
      .evaluate((button: HTMLElement, count) => {
        for (let click = 0; click < count; click += 1) button.click();
      }, clicks);
  await Promise.all([add(a), add(b)]);
  for (const page of [a, b]) {
    await expect(page.getByTestId("client")).toHaveText(String(2 * clicks));
    await expect(page.getByTestId("client-pending")).toHaveText("false");
    await expect(page.getByTestId("server")).toHaveText(String(2 * clicks));
  }
});

test("a soft navigation shows values without a flash of defaults", async ({ page, labServer }) => {
  await openLive(page, `${labServer.url}/client/soft-b`);
  await write(page, 5);
  await expect(page.getByTestId("server")).toHaveText("5");
  await openLive(page, `${labServer.url}/client/soft-a?other=soft-b`);
  await page.evaluate(() => {
    const texts = new Set<string>();
    Object.assign(window, { texts });
    new MutationObserver(() => {
      const heading = document.querySelector("h1")?.textContent;
      texts.add(`${heading} ${document.querySelector("[data-testid=client]")?.textContent}`);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole("link", { name: "Go to soft-b" }).click();
  await expect(page.getByRole("heading", { name: "soft-b" })).toBeVisible();
  await expect(page.getByTestId("client")).toHaveText("5");
  expect(await page.evaluate(() => [...(window as unknown as { texts: Set<string> }).texts])).not.toContain("soft-b 0");
});

test("a value that JSON does not know is the same in HTML, after hydration and when it changes", async ({
  page,
  browser,
  labServer,
}) => {
  const errors = watchErrors(page);
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${labServer.url}/client/dates/when`);
  const accepted = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await page.getByRole("button", { name: "Add a second" }).click();
  await expect(page.getByTestId("date")).toHaveText("1970-01-01T00:00:01.000Z");
  await accepted;

  const response = await other.goto(`${labServer.url}/client/dates/when`);
  expect(await response!.text()).toContain("1970-01-01T00:00:01.000Z");
  await expectState(other, "live");
  await page.getByRole("button", { name: "Add a second" }).click();
  await expect(other.getByTestId("date")).toHaveText("1970-01-01T00:00:02.000Z");
  expect(errors).toEqual([]);
  await other.context().close();
});

for (const { loadCount, tag } of [
  { loadCount: 15, tag: [] },
  { loadCount: 100, tag: "@long" },
]) {
  test(
    `under constant writes each of ${loadCount} pages shows one version, in HTML and after hydration`,
    { tag },
    async ({ page, labServer }) => {
      test.setTimeout(420_000);
      const errors = watchErrors(page);
      let isDone = false;
      const writing = (async () => {
        for (let value = 1; !isDone; value += 1) {
          await putValue(labServer.url, {
            id: `c${loadCount}-${value}`,
            key: "lab:constant:shared",
            text: `[${value}]`,
          });
          // The pages come from the same address, which may not ask for more than its share.
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      const shownIn = (html: string, testId: string): string | undefined =>
        new RegExp(`data-testid="${testId}">(\\d+)<`).exec(html)?.[1];
      const versions = new Set<string>();
      for (let load = 0; load < loadCount; load += 1) {
        const response = await page.goto(`${labServer.url}/client/constant`, { waitUntil: "commit" });
        await expect(page.locator("[data-hydrated=true]")).toHaveCount(2);
        const html = await response!.text();
        const shown = ["server", "client", "late"].map((testId) => shownIn(html, testId)!);
        expect(new Set(shown).size, `load ${load} shows ${shown}`).toBe(1);
        versions.add(shown[0]!);
      }
      isDone = true;
      await writing;
      expect(errors).toEqual([]);
      // They were of many versions, and the last page ends with the last one.
      expect(versions.size).toBeGreaterThan(loadCount / 4);
      await expect(page.getByTestId("client")).toHaveText(await valueOf(labServer.url, "lab:constant:shared"));
    },
  );
}

test("a write of a page that is left at once is not lost", async ({ page, labServer }) => {
  // What the page sends comes no further, and ends with it; what may outlive it goes its way.
  await page.addInitScript(() => {
    const nativeFetch = fetch;
    window.fetch = (input, init) => {
      if (init?.method !== "PUT" || init.keepalive) return nativeFetch(input, init);
      document.documentElement.dataset["held"] = "true";
      return new Promise(() => {});
    };
  });
  await openLive(page, `${labServer.url}/client/left`);
  await write(page, 7);
  await expect(page.locator("html[data-held]")).toBeVisible();
  await page.goto("about:blank");
  await expect.poll(() => valueOf(labServer.url, "lab:left:shared")).toBe("7");
});

async function valueOf(url: string, key: string): Promise<string> {
  const { rows } = (await (await fetch(`${url}/api/reactive${keysQuery([key])}`)).json()) as {
    rows: [string, string][];
  };
  return String((JSON.parse(rows[0]![1]) as unknown[] | null)?.[0]);
}
