import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { countRenders, expectState, markWindow, openLive, writeCount } from "./support/lab.ts";

const ways = ["route", "page", "fragment"] as const;

const shown = (page: Page, name: string) => page.getByTestId(`shown-${name}`).locator("output");

const note = (page: Page, name: string) => page.getByLabel(`Note of ${name}`, { exact: true });

for (const way of ways) {
  test.describe(`with ${way === "route" ? "the whole route" : way === "page" ? "<LivePage />" : "a live fragment"}`, () => {
    test("the redirect of an action arrives, however often the page changes meanwhile", async ({ page, labServer }) => {
      // The second one goes to a page that takes as long again.
      for (const [round, waitMs] of [0, 500].entries()) {
        const name = `redirect-${way}-${round}`;
        await openLive(page, `${labServer.url}/navigation/actions/${way}/${name}`);
        const expectSameWindow = await markWindow(page);
        await page.getByLabel("Wait").fill(String(waitMs));
        await page.getByLabel("To", { exact: true }).fill(`/navigation/target/${way}/${name}-target?waitMs=${waitMs}`);
        await page.getByRole("button", { name: "Create" }).click();
        for (let value = 1; value <= waitMs / 50; value += 1) {
          await writeCount(labServer, name, 10 + value);
          await page.waitForTimeout(50);
        }
        await expect(page.getByRole("heading", { name: "Target" })).toBeVisible();
        await expectSameWindow();

        // What the action went to is live, and stays it.
        for (let value = 1; value <= 2; value += 1) {
          await writeCount(labServer, `${name}-target`, value);
          await expect(shown(page, `${name}-target`)).toHaveText(String(value));
        }
        await expectSameWindow();
      }
    });

    test("an action that sets a cookie and goes elsewhere leads to a live page, and back to one", async ({
      page,
      labServer,
    }) => {
      const name = `cookie-${way}`;
      await openLive(page, `${labServer.url}/navigation/actions/${way}/${name}`);
      await page.getByLabel("Cookie", { exact: true }).fill("1");
      await page.getByRole("button", { name: "Create" }).click();
      await expect(page.getByRole("heading", { name: "Target" })).toBeVisible();
      await writeCount(labServer, `${name}-target`, 5);
      await expect(shown(page, `${name}-target`)).toHaveText("5");

      await writeCount(labServer, name, 6);
      await page.goBack();
      await expect(shown(page, name)).toHaveText("6");
      await writeCount(labServer, name, 7);
      await expect(shown(page, name)).toHaveText("7");
    });

    test("an action that goes to the page itself makes it follow what it reads now", async ({ page, labServer }) => {
      const name = `self-${way}`;
      const path = `/navigation/actions/${way}/${name}`;
      await openLive(page, labServer.url + path);
      await page.getByLabel("To", { exact: true }).fill(`${path}?more=1`);
      await page.getByRole("button", { name: "Create" }).click();
      await expect(page.getByTestId("more")).toHaveText("0");
      await writeCount(labServer, `${name}-more`, 3);
      await expect(page.getByTestId("more")).toHaveText("3");

      await page.getByLabel("To", { exact: true }).fill(`${path}?more=1`);
      await page.getByRole("button", { name: "Create" }).click();
      await expect(shown(page, name)).toHaveText("2");
      await writeCount(labServer, `${name}-more`, 4);
      await expect(page.getByTestId("more")).toHaveText("4");
    });

    test("what an action returns arrives, and navigations do, however often the page changes meanwhile", async ({
      page,
      labServer,
    }) => {
      const name = `returns-${way}`;
      await openLive(page, `${labServer.url}/navigation/actions/${way}/${name}`);
      const expectSameWindow = await markWindow(page);
      const write = async (from: number): Promise<void> => {
        for (let value = from; value < from + 4; value += 1) {
          await writeCount(labServer, name, value);
          await page.waitForTimeout(80);
        }
      };
      await page.getByRole("button", { name: "Count" }).click();
      await write(100);
      await expect(page.getByTestId("state")).toHaveText(/^\d+$/);
      await page.getByRole("button", { name: "Ask" }).click();
      await page.getByRole("button", { name: "Refresh" }).click();
      await write(200);
      await expect(page.getByTestId("answered")).toHaveText("answered");
      await expect(shown(page, name)).toHaveText("203");

      for (const button of ["Push", "Replace"]) {
        await Promise.all([write(300), page.getByRole("button", { name: button }).click()]);
        await expect(page.getByRole("heading", { name: "Target" })).toBeVisible();
        await writeCount(labServer, `${name}-target`, button.length);
        await expect(shown(page, `${name}-target`)).toHaveText(String(button.length));
        await page.goBack();
        if (button === "Push") await expect(page.getByRole("heading", { name: "Actions" })).toBeVisible();
      }
      if (page.url() !== "about:blank") await expectSameWindow();
    });

    test("a modal over a feed and the feed behind it both change, again and again, and nothing that was typed is lost", async ({
      page,
      labServer,
    }) => {
      const name = `feed-${way}`;
      const photo = `${name}-photo`;
      await openLive(page, `${labServer.url}/navigation/feed/${way}?name=${name}`);
      const expectSameWindow = await markWindow(page);
      // A refresh before the modal is there.
      await writeCount(labServer, name, 1);
      await expect(shown(page, name)).toHaveText("1");
      await note(page, name).fill("half a sentence");
      await page.getByRole("link", { name: "Open" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      await note(page, photo).fill("a comment");

      for (const [index, changed] of [name, photo, name, name, photo, photo, name].entries()) {
        await writeCount(labServer, changed, 10 + index);
        await expect(shown(page, changed)).toHaveText(String(10 + index));
      }
      await expect(note(page, name)).toHaveValue("half a sentence");
      await expect(note(page, photo)).toHaveValue("a comment");

      await page.goBack();
      await expect(page.getByRole("dialog")).toBeHidden();
      for (let value = 6; value <= 7; value += 1) {
        await writeCount(labServer, name, value);
        await expect(shown(page, name)).toHaveText(String(value));
      }
      await expect(note(page, name)).toHaveValue("half a sentence");

      await page.goForward();
      await expect(page.getByRole("dialog")).toBeVisible();
      for (const [index, changed] of [photo, name].entries()) {
        await writeCount(labServer, changed, 30 + index);
        await expect(shown(page, changed)).toHaveText(String(30 + index));
      }
      await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
      await expect(page.getByRole("heading", { name: "Target" })).toBeVisible();
      await writeCount(labServer, `${photo}-target`, 8);
      await expect(shown(page, `${photo}-target`)).toHaveText("8");
      await expectSameWindow();
      await expectState(page, "live");
    });

    test("slots that were navigated apart all change", async ({ page, labServer }) => {
      const [main, side, other] = ["main", "side", "other"].map((slot) => `dash-${slot}-${way}`) as [
        string,
        string,
        string,
      ];
      await openLive(page, `${labServer.url}/navigation/dash/${way}`);
      const expectSameWindow = await markWindow(page);
      for (const [index, slot] of [main, side, main].entries()) {
        await writeCount(labServer, slot, 1 + index);
        await expect(shown(page, slot)).toHaveText(String(1 + index));
      }
      await note(page, main).fill("half a sentence");
      await page.getByRole("link", { name: "Side alone" }).click();
      await expect(shown(page, other)).toBeVisible();
      for (let value = 10; value <= 13; value += 1) {
        const slot = value % 2 === 0 ? main : other;
        await writeCount(labServer, slot, value);
        await expect(shown(page, slot)).toHaveText(String(value));
      }
      await expect(note(page, main)).toHaveValue("half a sentence");
      await page.goBack();
      await expect(shown(page, side)).toBeVisible();
      await writeCount(labServer, side, 20);
      await expect(shown(page, side)).toHaveText("20");
      await writeCount(labServer, main, 21);
      await expect(shown(page, main)).toHaveText("21");
      await expectSameWindow();
    });

    test("pages that are left by themselves lead to live ones: by an action of an effect, and while they stream", async ({
      page,
      labServer,
    }) => {
      const name = `leave-${way}`;
      await openLive(page, `${labServer.url}/navigation/actions/${way}/${name}`);
      const expectSameWindow = await markWindow(page);
      await page.getByRole("link", { name: "Moved" }).click();
      for (let value = 1; value <= 2; value += 1) {
        await expect(shown(page, `${name}-target-moved`)).toBeVisible();
        await writeCount(labServer, `${name}-target-moved`, value);
        await expect(shown(page, `${name}-target-moved`)).toHaveText(String(value));
      }

      // An effect of the commit that shows 99 calls an action; what is written then has to be shown as well.
      await page.goBack();
      await expect(shown(page, name)).toHaveText("0");
      await writeCount(labServer, name, 99);
      await expect(page.getByRole("heading", { name: "Target" })).toBeVisible();
      await writeCount(labServer, `${name}-target`, 1);
      await expect(shown(page, `${name}-target`)).toHaveText("1");
      await expectSameWindow();
    });

    test("a new address for what is shown costs nothing, and changes nothing", async ({ page, labServer }) => {
      const name = `shallow-${way}`;
      await openLive(page, `${labServer.url}/navigation/actions/${way}/${name}`);
      const renders = countRenders(page);
      await page.getByRole("button", { name: "Shallow" }).click();
      await writeCount(labServer, `${name}-of-nobody`, 1);
      await writeCount(labServer, name, 1);
      await expect(shown(page, name)).toHaveText("1");
      await writeCount(labServer, name, 2);
      await expect(shown(page, name)).toHaveText("2");
      expect(renders.count).toBeLessThanOrEqual(2);
    });

    test("a page that a middleware rewrites, for requests of its address alone, is refreshed where it is", async ({
      page,
      labServer,
    }) => {
      const name = `lang-${way}`;
      await openLive(page, `${labServer.url}/de/${name}?way=${way}`);
      await expect(page.getByRole("heading", { name: "Hallo" })).toBeVisible();
      const expectSameWindow = await markWindow(page);
      await note(page, name).fill("half a sentence");
      for (let value = 1; value <= 3; value += 1) {
        await writeCount(labServer, name, value);
        await expect(shown(page, name)).toHaveText(String(value));
      }
      await expect(note(page, name)).toHaveValue("half a sentence");
      await expect(page.getByRole("heading", { name: "Hallo" })).toBeVisible();
      await expectSameWindow();
      if (way === "route") expect(labServer.log()).toContain("ACTION_MISROUTED");

      // Where `next.config` rewrites, actions arrive, and one request is enough.
      await openLive(page, `${labServer.url}/fr/${name}?way=${way}`);
      const renders = countRenders(page);
      for (let value = 4; value <= 5; value += 1) {
        await writeCount(labServer, name, value);
        await expect(shown(page, name)).toHaveText(String(value));
      }
      expect(renders.count).toBe(way === "fragment" ? 0 : 2);
    });
  });
}
