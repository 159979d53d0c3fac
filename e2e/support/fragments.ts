import type { Locator, Page, Request } from "@playwright/test";
import { isRefreshAction } from "./lab.ts";

/** The element that shows a counter by its name. */
export function shownFragment(page: Page, name: string): Locator {
  return page.locator(`output[data-name="${name}"]`);
}

function isPush(request: Request): boolean {
  return request.headers()["next-action"] !== undefined && !isRefreshAction(request);
}

/** The calls that push fragments to the page from now on. */
export function watchPushes(page: Page): { readonly opened: number; readonly open: number } {
  const requests = new Set<Request>();
  let opened = 0;
  page.on("request", (request) => {
    if (!isPush(request)) return;
    opened += 1;
    requests.add(request);
  });
  for (const end of ["requestfinished", "requestfailed"] as const)
    page.on(end as "requestfinished", (request) => requests.delete(request));
  return {
    get opened() {
      return opened;
    },
    get open() {
      return requests.size;
    },
  };
}

/** Resolves when the page's next push is open: from then on its fragments must change by themselves. */
export async function waitForPush(page: Page): Promise<void> {
  await page.waitForResponse((response) => isPush(response.request()) && response.ok());
}

export async function openPushed(page: Page, url: string): Promise<void> {
  const push = waitForPush(page);
  await page.goto(url);
  await push;
}
