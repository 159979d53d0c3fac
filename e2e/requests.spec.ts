import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { openLive, shownCount, writeCount } from "./support/lab.ts";
import { expectNoMore, noteRequests, waitForPrefetches } from "./support/requests.ts";

/** Opens a page; returns the list of requests that it makes once everything that it links to is prefetched. */
async function openPrefetched(page: Page, url: string): Promise<string[]> {
  const requests = noteRequests(page);
  await openLive(page, url);
  await waitForPrefetches(page, requests);
  requests.length = 0;
  return requests;
}

test("a change costs a tab that did not read it no request", async ({ context, labServer }) => {
  const [reader, other] = [await context.newPage(), await context.newPage()];
  // A page that is not in front may put its prefetches off.
  await reader.bringToFront();
  const requests = await openPrefetched(reader, `${labServer.url}/links/quiet`);
  await other.bringToFront();
  await openPrefetched(other, `${labServer.url}/links/loud`);
  for (let value = 1; value <= 5; value += 1) {
    await writeCount(labServer, "loud", value);
    await expect(shownCount(other)).toHaveText(String(value));
  }
  expect(requests).toEqual([]);

  // It would have asked: it is live, and this change comes after the others.
  await writeCount(labServer, "quiet", 6);
  await expect(shownCount(reader)).toHaveText("6");
  await expectNoMore(reader, requests);
  expect(requests).toEqual(["POST /links/quiet"]);
});

for (const [kind, method, what] of [
  ["page", "GET", "a page with <LivePage />"],
  ["route", "POST", "a page without"],
] as const) {
  test(`a change costs one request, and none for twenty visible links, on ${what}`, async ({ page, labServer }) => {
    const name = `links-${kind}`;
    const requests = await openPrefetched(page, `${labServer.url}/links/${name}?kind=${kind}`);
    for (let value = 1; value <= 3; value += 1) {
      await writeCount(labServer, name, value);
      await expect(shownCount(page)).toHaveText(String(value));
      await expectNoMore(page, requests);
    }
    expect(requests).toEqual(Array.from({ length: 3 }, () => `${method} /links/${name}`));
  });
}

test("the stream goes on with each render of the route: none is opened for it", async ({ page, labServer }) => {
  // Else a worker asks for the stream, out of sight.
  await page.addInitScript(() => {
    for (const name of ["SharedWorker", "BroadcastChannel"]) Reflect.deleteProperty(globalThis, name);
  });
  const streams: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/api/reactive") streams.push(request.url());
  });
  await openLive(page, `${labServer.url}/counter/goes-on`);
  await expectNoMore(page, streams);
  for (let value = 1; value <= 3; value += 1) {
    await writeCount(labServer, "goes-on", value);
    await expect(shownCount(page)).toHaveText(String(value));
    await expectNoMore(page, streams);
  }
});
