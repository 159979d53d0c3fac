import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { openLive, writeShared } from "./support/lab.ts";
import { olderFrames, recordHalves, type ShownHalves } from "./support/halves.ts";
import { stallableStream, stallStream } from "./support/stalled-stream.ts";

/** Goes to another page of the test by a link. */
async function go(page: Page, to: string): Promise<void> {
  await page.getByRole("link", { name: to, exact: true }).click();
  await expect(page.getByRole("heading", { name: to, exact: true })).toBeVisible();
}

async function expectHalves(page: Page, server: number, client = server): Promise<void> {
  await expect(page.locator("[data-half=server]")).toHaveText(`${server}`);
  await expect(page.locator("[data-half=client]")).toHaveText(`${client}`);
}

/** Opens a page, leaves it, lets somebody write, and comes back with everything recorded. */
async function comeBack(
  page: Page,
  url: string,
  to: string,
  write: () => Promise<void>,
): Promise<() => Promise<ShownHalves[]>> {
  await openLive(page, `${url}/${to}`);
  await go(page, "home");
  await write();
  const shown = await recordHalves(page);
  await go(page, to);
  return shown;
}

for (const stream of ["a healthy stream", "a stalled stream"]) {
  test.describe(`with ${stream}`, () => {
    const prepare = async (page: Page): Promise<() => Promise<void>> => {
      if (stream === "a healthy stream") return async () => {};
      await stallableStream(page);
      return () => stallStream(page);
    };

    for (const to of ["same", "live-page", "fragment", "soon", "late", "after", "query"]) {
      test(`"${to}" never shows a client value that is older than the server's`, async ({ page, labServer }) => {
        const name = `${stream.slice(2, 9)}-${to}`.replace(" ", "");
        const stall = await prepare(page);
        const shown = await comeBack(page, `${labServer.url}/one-version/${name}`, to, async () => {
          await stall();
          await writeShared(labServer, name, 7);
        });
        await expectHalves(page, 7);
        expect(olderFrames(await shown())).toEqual([]);
        // Going back shows the render from before, which only a stream has rendered again.
        if (stream === "a stalled stream") return;
        await go(page, "home");
        await writeShared(labServer, name, 8);
        await page.goBack();
        await expectHalves(page, 8);
        expect(olderFrames(await shown())).toEqual([]);
      });
    }

    test("a computed of two keys is of the server's version", async ({ page, labServer }) => {
      const name = `sum-${stream.slice(2, 9)}`.replace(" ", "");
      const stall = await prepare(page);
      const put = (side: string, value: number): Promise<void> => writeShared(labServer, `${name}-${side}`, value);
      await put("left", 1);
      const shown = await comeBack(page, `${labServer.url}/one-version/${name}`, "sum", async () => {
        await stall();
        await put("right", 5);
      });
      await expectHalves(page, 6);
      expect(olderFrames(await shown())).toEqual([]);
    });

    test("a key that only the client half shows is of the server half's version", async ({ page, labServer }) => {
      const name = `two-${stream.slice(2, 9)}`.replace(" ", "");
      const stall = await prepare(page);
      const shown = await comeBack(page, `${labServer.url}/one-version/${name}`, "two", async () => {
        await stall();
        await writeShared(labServer, `${name}-two`, 3);
        await writeShared(labServer, name, 2);
      });
      await expectHalves(page, 2, 3);
      expect(olderFrames(await shown())).toEqual([]);
    });
  });
}

test("while others write without an end", async ({ page, labServer }) => {
  const name = "steady";
  await openLive(page, `${labServer.url}/one-version/${name}/same`);
  const shown = await recordHalves(page);
  let isDone = false;
  const writing = (async () => {
    for (let value = 1; !isDone; value += 1) {
      await writeShared(labServer, name, value);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  })();
  for (let times = 0; times < 10; times += 1) {
    await go(page, "home");
    await go(page, "same");
    await expect(page.locator("[data-half=client]")).toBeVisible();
  }
  isDone = true;
  await writing;
  const frames = await shown();
  expect(frames.length).toBeGreaterThan(10);
  // While both are watched, either may be told first.
  expect(olderFrames(frames.filter(({ isFirst }) => isFirst))).toEqual([]);
});

test("a navigation to what has not changed asks for no values", async ({ page, labServer }) => {
  const name = "unchanged";
  await writeShared(labServer, name, 4);
  await openLive(page, `${labServer.url}/one-version/${name}/same`);
  await go(page, "home");
  // What others write elsewhere changes nothing of it.
  await writeShared(labServer, "elsewhere", 1);
  const reads: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET" && request.url().includes("/api/reactive")) reads.push(request.url());
  });
  await go(page, "same");
  await expectHalves(page, 4);
  expect(reads).toEqual([]);
});

test("values that cannot be read in time hold nobody up", async ({ page, labServer }) => {
  const name = "held";
  await page.route("**/api/reactive?*", () => {});
  await stallableStream(page);
  await comeBack(page, `${labServer.url}/one-version/${name}`, "same", async () => {
    await stallStream(page);
    await writeShared(labServer, name, 9);
  });
  await expect(page.locator("[data-half=server]")).toHaveText("9");
});

test("a part that is opened without a navigation shows no fallback", async ({ page, labServer }) => {
  const name = "opened";
  await openLive(page, `${labServer.url}/one-version/${name}/tabs`);
  const toggle = page.getByRole("button", { name: "Toggle" });
  await toggle.click();
  await expect(page.locator("[data-half=client]")).toHaveText("0");
  await toggle.click();
  await expect(page.locator("[data-half=client]")).toHaveCount(0);
  await writeShared(labServer, name, 5);
  await expect(page.locator("[data-half=server]")).toHaveText("5");
  const shown = await recordHalves(page);
  await toggle.click();
  await expectHalves(page, 5);
  const frames = await shown();
  expect(frames.filter(({ hasFallback }) => hasFallback)).toEqual([]);
  // The stream goes on with what was on the screen a moment ago.
  expect(olderFrames(frames)).toEqual([]);
});
