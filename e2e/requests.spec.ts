import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { openLive, shownCount, writeCount } from "./support/lab.ts";

/** Prefetches follow a render after a moment. */
const quietMs = 500;

/** Opens a page; returns the list of requests that it makes once everything that it links to is prefetched. */
async function openQuiet(page: Page, url: string): Promise<string[]> {
  const requests: string[] = [];
  page.on("request", (request) => {
    const isPrefetch = request.headers()["next-router-prefetch"] !== undefined;
    requests.push(`${isPrefetch ? "prefetch" : request.method()} ${new URL(request.url()).pathname}`);
  });
  await page.goto(url);
  await expect(shownCount(page)).toHaveText("0");
  await waitUntilQuiet(page, requests);
  requests.length = 0;
  return requests;
}

async function waitUntilQuiet(page: Page, requests: readonly string[]): Promise<void> {
  for (let before = -1; before !== requests.length; await page.waitForTimeout(quietMs)) before = requests.length;
}

/** The stream belongs to a worker of the browser, whose requests are not the page's, or else to the page. */
function withoutStreams(requests: readonly string[]): string[] {
  return requests.filter((request) => request !== "POST /api/reactive");
}

test("a change costs a tab that did not read it no request", async ({ context, server }) => {
  const [reader, other] = [await context.newPage(), await context.newPage()];
  const requests = await openQuiet(reader, `${server.url}/lab/links/quiet`);
  await openQuiet(other, `${server.url}/lab/links/loud`);
  for (let value = 1; value <= 5; value += 1) {
    await writeCount(server.url, "loud", value);
    await expect(shownCount(other)).toHaveText(String(value));
  }
  expect(withoutStreams(requests)).toEqual([]);

  // It would have asked: it is live, and this change comes after the others.
  await writeCount(server.url, "quiet", 6);
  await expect(shownCount(reader)).toHaveText("6");
  await waitUntilQuiet(reader, requests);
  expect(withoutStreams(requests)).toEqual(["POST /lab/links/quiet"]);
});

for (const [kind, method, what] of [
  ["page", "GET", "a page with <LivePage />"],
  ["route", "POST", "a page without"],
] as const) {
  test(`a change costs one request, and none for twenty visible links, on ${what}`, async ({ page, server }) => {
    const name = `links-${kind}`;
    const requests = await openQuiet(page, `${server.url}/lab/links/${name}?kind=${kind}`);
    for (let value = 1; value <= 3; value += 1) {
      await writeCount(server.url, name, value);
      await expect(shownCount(page)).toHaveText(String(value));
      await waitUntilQuiet(page, requests);
    }
    expect(withoutStreams(requests)).toEqual(Array.from({ length: 3 }, () => `${method} /lab/links/${name}`));
  });
}

test("the stream goes on with each render of the route: none is opened for it", async ({ page, server }) => {
  // Else a worker asks for the stream, out of sight.
  await page.addInitScript(() => {
    for (const name of ["SharedWorker", "BroadcastChannel"]) Reflect.deleteProperty(globalThis, name);
  });
  const requests: string[] = [];
  page.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await openLive(page, `${server.url}/lab/links/goes-on`);
  await waitUntilQuiet(page, requests);
  const countStreams = (): number => requests.filter((request) => request === "POST /api/reactive").length;
  const before = countStreams();
  for (let value = 1; value <= 3; value += 1) {
    await writeCount(server.url, "goes-on", value);
    await expect(shownCount(page)).toHaveText(String(value));
    await waitUntilQuiet(page, requests);
  }
  expect(countStreams()).toBe(before);
});
