import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import type { Server } from "./fixtures.ts";
import { countRenders, openLive, readCount, writeCount, writeShared } from "./support/lab.ts";

const ways = ["route", "page", "fragment"] as const;
/** How often the component's write has happened, per document that was loaded. */
const kinds = [
  "update",
  "set",
  "setting",
  "delete",
  "clear",
  "backend",
  "cached",
  "layout",
  "metadata",
  "middleware",
  "floating",
  "outliving",
  "after",
] as const;

/** Refreshes the page `times` times, each because somebody has written; resolves with how many renders that took. */
async function rendersOf(page: Page, server: Server, name: string, times: number): Promise<number> {
  const renders = countRenders(page);
  for (let time = 1; time <= times; time += 1) {
    await writeCount(server, `${name}-trigger`, time);
    await expect(page.getByTestId("trigger")).toHaveText(String(time));
  }
  // One that makes the next one would have made many by then.
  await page.waitForTimeout(1_000);
  return renders.count;
}

for (const way of ways) {
  test(
    `a write while rendering is no loop, in two tabs, refreshed by ${way}`,
    { tag: way === "route" ? [] : "@long" },
    async ({ browser, labServer }) => {
      test.slow();
      const play = async (kind: string): Promise<void> => {
        const name = `${way}-${kind}`;
        const url = `${labServer.url}/render-writes/${way}/${kind}/${name}`;
        // Two tabs of a browser are pushed to.
        const context = await browser.newContext();
        const [one, two] = [await context.newPage(), await context.newPage()];
        await openLive(one, url);
        await openLive(two, url);
        const renders = await rendersOf(one, labServer, name, 3);
        expect(renders, `renders of ${name}`).toBeLessThanOrEqual(way === "fragment" ? 4 : 10);
        const isCounting = kind !== "delete" && kind !== "clear";
        // Two documents have been loaded.
        if (isCounting) await expect.poll(() => readCount(labServer, name), name).toBe(2);
        await context.close();
      };
      // As many pages at once as a small machine shows in time.
      for (let at = 0; at < kinds.length; at += 4) await Promise.all(kinds.slice(at, at + 4).map(play));
    },
  );
}

for (const [by, path] of [
  ["a middleware", "counted"],
  ["the config", "tallied"],
] as const) {
  test(`what a page that ${by} rewrites does after its answer is no loop`, async ({ page, labServer }) => {
    await Promise.all(
      ["route", "page"].map(async (way) => {
        const name = `${path}-${way}`;
        const tab = await page.context().newPage();
        await openLive(tab, `${labServer.url}/${path}/${way}/after/${name}`);
        expect(await rendersOf(tab, labServer, name, 3), `renders of ${name}`).toBeLessThanOrEqual(7);
        await expect.poll(() => readCount(labServer, name), name).toBe(1);
        await tab.close();
      }),
    );
  });
}

test("two pages that write what the other one reads are no loop", async ({ context, labServer }) => {
  const urlOf = (side: string): string => `${labServer.url}/render-writes/route/other/pair-${side}`;
  const [one, two] = [await context.newPage(), await context.newPage()];
  await openLive(one, urlOf("a"));
  await openLive(two, urlOf("b"));
  const [first, second] = [countRenders(one), countRenders(two)];
  await expect(one.getByTestId("count")).toHaveText("1");
  await one.waitForTimeout(1_000);
  expect(first.count + second.count).toBeLessThanOrEqual(4);
  for (const side of ["a", "b"]) await expect.poll(() => readCount(labServer, `pair-${side}`)).toBe(1);
});

test("a client component writes in effects and handlers, and not while it is rendered", async ({ page, labServer }) => {
  const warnings: string[] = [];
  page.on("console", (message) => void (message.text().includes("RENDER_WRITE") && warnings.push(message.text())));
  await openLive(page, `${labServer.url}/render-writes/client-side`);
  await expect(page.getByTestId("effected")).toHaveText("1");
  await page.getByRole("button").click();
  await expect(page.getByRole("button")).toHaveText("1");
  await writeShared(labServer, "client-rendered", 10);
  await expect(page.getByTestId("rendered")).toHaveText("10");
  await page.waitForTimeout(500);
  await expect(page.getByTestId("rendered")).toHaveText("10");
  expect(warnings).toHaveLength(1);
});

test("production warns once a place, and names the signal and the page", async ({ labServer }) => {
  for (const name of ["warned-one", "warned-two"]) {
    await fetch(`${labServer.url}/render-writes/route/update/${name}`, { headers: { accept: "text/html" } });
  }
  const warnings =
    labServer
      .log()
      .match(
        /update\(\) of "lab:[^"]*" was called while "\/render-writes\/\[way\]\/\[kind\]\/\[name\]" was rendered/g,
      ) ?? [];
  // The pages of this file write in few places; the log has one of each.
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings.length).toBeLessThanOrEqual(6);
  expect(labServer.log()).toContain("(RENDER_WRITE)");
});
