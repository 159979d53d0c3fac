import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { settled } from "./support/settled.ts";
import { countRenders, expectState, markWindow, openLive, shownCount, writeCount, writeShared } from "./support/lab.ts";
import { labAppDir } from "./support/server.ts";

const statics = ["/static/plain", "/static/isr", "/static/posts/a", "/static/forced", "/static/page"];
const livePath = "/counter/static";

async function made(page: Page): Promise<string> {
  return page.getByTestId("made").innerText();
}

async function follow(page: Page, path: string): Promise<void> {
  await page.getByRole("link", { name: path, exact: true }).click();
  await page.waitForURL(`**${path}`);
}

test("a build leaves static what reads no signal, and nothing else", async () => {
  const manifest = await readFile(join(labAppDir, ".next/prerender-manifest.json"), "utf8");
  const built = Object.keys((JSON.parse(manifest) as { routes: object }).routes);
  expect(built.filter((path) => path.startsWith("/static/")).sort()).toEqual(statics.toSorted());
});

test("a static page says that it is live, and is not rendered again by a change", async ({ page, labServer }) => {
  await writeCount(labServer, "static", 1);
  for (const path of statics) {
    await openLive(page, `${labServer.url}${path}`);
    const renders = countRenders(page);
    await writeCount(labServer, "static", 2);
    await writeCount(labServer, "unrelated", 2);
    // A change that a live page beside it shows has been told to this one, if to anybody.
    const other = await page.context().newPage();
    await openLive(other, `${labServer.url}${livePath}`);
    await writeCount(labServer, "static", 1);
    await expect(shownCount(other)).toHaveText("1");
    expect(renders.count).toBe(0);
    await expectState(page, "live");
    await other.close();
  }
});

test("a visitor who goes from a static page to a live one and back sees what is current", async ({
  page,
  labServer,
}) => {
  await writeCount(labServer, "static", 10);
  let count = 10;
  for (const path of statics.slice(0, 4)) {
    await openLive(page, `${labServer.url}${path}`);
    const isSameWindow = await markWindow(page);
    const text = await made(page);
    await follow(page, livePath);
    await expect(shownCount(page)).toHaveText(String(count));
    for (let n = 0; n < 2; n += 1) {
      count += 1;
      await writeCount(labServer, "static", count);
      await expect(shownCount(page)).toHaveText(String(count));
    }
    await page.goBack();
    await page.waitForURL(`**${path}`);
    if (path !== "/static/isr") expect(await made(page)).toBe(text);
    count += 1;
    await writeCount(labServer, "static", count);
    await page.goForward();
    await page.waitForURL(`**${livePath}`);
    await expect(shownCount(page)).toHaveText(String(count));
    count += 1;
    await writeCount(labServer, "static", count);
    await expect(shownCount(page)).toHaveText(String(count));
    await expectState(page, "live");
    await isSameWindow();
  }
});

test("static pages that are reached from a live one are rendered once more, and then not again, however much changes", async ({
  page,
  labServer,
}) => {
  await writeCount(labServer, "static", 50);
  for (const path of statics.slice(0, 4)) {
    await openLive(page, `${labServer.url}/static/live`);
    await expect(shownCount(page)).toHaveText("50");
    await follow(page, path);
    const renders = countRenders(page);
    const other = await page.context().newPage();
    await openLive(other, `${labServer.url}/counter/elsewhere`);
    const change = async (n: number): Promise<void> => {
      await writeCount(labServer, "elsewhere", n);
      await expect(shownCount(other)).toHaveText(String(n));
    };
    await change(1);
    await page.bringToFront();
    await expectState(page, "live");
    // Nobody knows what is shown until it was rendered once more, and the stream has heard of that. What may be lost is told again after 3 s.
    const count = await settled(() => renders.count, 4_000);
    for (let n = 2; n <= 6; n += 1) await change(n);
    await expectState(page, "live");
    expect(renders.count).toBe(count);
    await writeCount(labServer, "elsewhere", 0);
    await other.close();
  }
});

test("client components and fragments make their page live, with the value in its HTML", async ({
  page,
  labServer,
}) => {
  const writeBoth = async (value: number): Promise<void> => {
    await Promise.all([writeCount(labServer, "static", value), writeShared(labServer, "static", value)]);
  };
  await writeBoth(70);
  let count = 70;
  for (const path of ["/static/client", "/static/client-late", "/static/fragment"]) {
    expect(await (await fetch(`${labServer.url}${path}`)).text()).toContain(`<output>${count}</output>`);
    await openLive(page, `${labServer.url}${path}`);
    count += 1;
    await writeBoth(count);
    await expect(shownCount(page)).toHaveText(String(count));
  }
});
