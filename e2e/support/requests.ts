import { expect, type Page } from "@playwright/test";

/**
 * Everything that the page asks for from now on. The stream belongs to the whole browser, and the browser asks for the icon when it
 * likes: they are left out.
 */
export function noteRequests(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    const isPrefetch = request.headers()["next-router-prefetch"] !== undefined;
    if (pathname !== "/api/reactive" && !pathname.startsWith("/icon"))
      requests.push(`${isPrefetch ? "prefetch" : request.method()} ${pathname}`);
  });
  return requests;
}

/** Resolves when each link of the page was prefetched: Next asks once for each, when it has time, and a hidden page may wait for long. */
export async function waitForPrefetches(page: Page, requests: readonly string[]): Promise<void> {
  const paths = await page.locator("nav a").evaluateAll((links: HTMLAnchorElement[]) => links.map((a) => a.pathname));
  expect(paths.length).toBeGreaterThan(0);
  await expect.poll(() => paths.filter((path) => !requests.includes(`prefetch ${path}`))).toEqual([]);
}

/** Gives the page the time in which it would ask for more, if it did. */
export async function expectNoMore(page: Page, requests: readonly string[]): Promise<void> {
  const before = [...requests];
  await page.waitForTimeout(500);
  expect(requests).toEqual(before);
}
