import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "@playwright/test";
import { roundTimeoutMs } from "./in-time.ts";

/** A page in each of two browsers: one writes, the other one shows what was written. */
export type TwoBrowsers = { readonly writer: Page; readonly viewer: Page };

/** `probe` runs in the pages before their own scripts, the same for both apps; `load` resolves when a page is ready. */
export async function openTwoBrowsers(
  browser: Browser,
  probe: () => void,
  load: (page: Page) => Promise<void>,
): Promise<TwoBrowsers> {
  const openPage = async (): Promise<Page> => {
    const context = await browser.newContext();
    await context.addInitScript(probe);
    const page = await context.newPage();
    page.setDefaultTimeout(roundTimeoutMs);
    await load(page);
    return page;
  };
  return { writer: await openPage(), viewer: await openPage() };
}

type ProbedGlobal = { waitForScore(score: string): Promise<number> };

/** A probe for {@link waitForScore}. */
export function installScoreProbe(): void {
  const shown = new Map<string, PromiseWithResolvers<number>>();
  const shownAt = (score: string): PromiseWithResolvers<number> => {
    let found = shown.get(score);
    if (!found) shown.set(score, (found = Promise.withResolvers()));
    return found;
  };
  new MutationObserver(() => {
    shownAt(document.querySelector("#score")?.textContent ?? "").resolve(performance.timeOrigin + performance.now());
  }).observe(document, { subtree: true, childList: true, characterData: true });
  Object.assign(globalThis, { waitForScore: (score: string) => shownAt(score).promise });
}

/** When the page shows a score, in milliseconds of the wall clock. */
export function waitForScore(page: Page, score: string): Promise<number> {
  return page.evaluate((awaited) => (globalThis as unknown as ProbedGlobal).waitForScore(awaited), score);
}

/** Has the page write a score. Times are in milliseconds of the wall clock. */
export function postScore(page: Page, score: string): Promise<{ sentAt: number; answeredAt: number }> {
  return page.evaluate(async (body) => {
    const now = (): number => performance.timeOrigin + performance.now();
    const sentAt = now();
    const response = await fetch("/api/score", { method: "POST", body });
    if (!response.ok) throw new Error(`The write was answered with status ${response.status}.`);
    return { sentAt, answeredAt: now() };
  }, score);
}

/** After a round: the other app must not run while this one finishes, and no two writes should fall into step. */
export async function settle(): Promise<void> {
  await sleep(40 + Math.random() * 40);
}
