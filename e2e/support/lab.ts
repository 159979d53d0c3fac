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

export async function expectState(
  page: Page,
  state: "connecting" | "live" | "stale" | "offline",
  timeout = 30_000,
): Promise<void> {
  await expect(page.getByTestId("live")).toHaveAttribute("data-state", state, { timeout });
}

/** What has an address: a server, or what stands before servers. */
type Address = { readonly url: string };

/** Sets a counter of the lab app; resolves when the value is durable. */
export function writeCount({ url }: Address, name: string, value: number): Promise<void> {
  return write(`${url}/signals/counter/${name}`, value);
}

/** Sets a number of the lab app that client components show; resolves when the value is durable. */
export function writeShared({ url }: Address, name: string, value: number): Promise<void> {
  return write(`${url}/signals/shared/${name}`, value);
}

async function write(url: string, value: number): Promise<void> {
  const response = await fetch(url, { method: "PUT", body: String(value) });
  if (!response.ok) throw new Error(`Writing ${url} was answered with ${response.status}.`);
}

/** What a server holds for a counter of the lab app. */
export async function readCount({ url }: Address, name: string): Promise<number> {
  const response = await fetch(`${url}/signals/counter/${name}`);
  if (!response.ok) throw new Error(`Reading ${name} was answered with ${response.status}.`);
  return (await response.json()) as number;
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

/** Leaves a mark in the window; returns a check that fails when the page was loaded anew since. */
export async function markWindow(page: Page): Promise<() => Promise<void>> {
  const mark = Math.random();
  await page.evaluate((value) => Object.assign(window, { mark: value }), mark);
  return async () => expect(await page.evaluate(() => (window as { mark?: number }).mark)).toBe(mark);
}

/** Counts the renders that the page asks for from now on, at addresses that fit `of`: refreshes and soft navigations, no prefetches. */
export function countRenders(page: Page, of = /./): { readonly count: number } {
  const counter = { count: 0 };
  page.on("request", (request) => {
    if (!of.test(request.url())) return;
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

/** The app calls `router.refresh()`. */
export async function refreshByApp(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as { next: { router: { refresh(): void } } }).next.router.refresh());
}
