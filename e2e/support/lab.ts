import { expect, type Locator, type Page, type Request } from "@playwright/test";

/** The element that shows the counter of a lab page. */
export function shownCount(page: Page): Locator {
  return page.locator("output");
}

/** Opens a lab page and resolves when it says that it is live. */
export async function openLive(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expectState(page, "live");
}

export async function expectState(page: Page, state: "connecting" | "live" | "stale" | "offline"): Promise<void> {
  await expect(page.getByTestId("live")).toHaveAttribute("data-state", state, { timeout: 30_000 });
}

/** Sets a lab counter through the app at `appUrl`; resolves when the value is durable. */
export async function writeCount(appUrl: string, name: string, value: number): Promise<void> {
  const response = await fetch(`${appUrl}/lab/signals/${name}`, { method: "PUT", body: String(value) });
  if (!response.ok) throw new Error(`Writing ${name} was answered with ${response.status}.`);
}

/** Expects that a stream is written straight to its connection, past Next: only then its events are in no chunks. */
export async function expectStraightStream(appUrl: string): Promise<void> {
  const stream = await fetch(`${appUrl}/api/reactive`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tabs: {} }),
  });
  const framing = ["transfer-encoding", "content-length", "content-encoding"];
  expect(framing.map((name) => stream.headers.get(name))).toEqual([null, null, null]);
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toContain("event: hello");
  await reader.cancel();
}

/** What a server of the app holds for a lab counter. */
export async function readCount(appUrl: string, name: string): Promise<number> {
  const response = await fetch(`${appUrl}/lab/signals/${name}`);
  if (!response.ok) throw new Error(`Reading ${name} was answered with ${response.status}.`);
  return (await response.json()) as number;
}

/** Leaves a mark in the window; returns a check that fails when the page was loaded anew since. */
export async function markWindow(page: Page): Promise<() => Promise<void>> {
  const mark = Math.random();
  await page.evaluate((value) => Object.assign(window, { mark: value }), mark);
  return async () => expect(await page.evaluate(() => (window as { mark?: number }).mark)).toBe(mark);
}

/** Counts the renders that the page asks for from now on: refreshes and soft navigations, no prefetches. */
export function countRenders(page: Page): { readonly count: number } {
  const counter = { count: 0 };
  page.on("request", (request) => {
    const headers = request.headers();
    const isRender =
      (headers["rsc"] === "1" && headers["next-router-prefetch"] === undefined) || isRefreshAction(request);
    if (isRender) counter.count += 1;
  });
  return counter;
}

/** The action that renders the route again is the only one whose arguments are two ids of renders and paths of pages. */
export function isRefreshAction(request: Request): boolean {
  return (
    request.headers()["next-action"] !== undefined &&
    /^\["[\w-]+","[\w.-]*"(,(\[.*\]|"\$undefined"))?\]$/.test(request.postData() ?? "")
  );
}

/**
 * Everything that the page asks for from now on. The stream belongs to the whole browser, and the browser asks for the icon when it
 * likes: they are left out.
 */
export function noteRequests(page: Page): readonly string[] {
  const requests: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname !== "/api/reactive" && !pathname.startsWith("/icon")) requests.push(`${request.method()} ${pathname}`);
  });
  return requests;
}
