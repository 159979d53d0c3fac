import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "@playwright/test";
import { measureBothApps } from "./both-apps.ts";
import { inTime, roundTimeoutMs } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";

const warmUpCount = 30;
const count = 200;
const goal = 1.5;

type ProbedGlobal = {
  waitForScore(score: string): Promise<number>;
  /** Made by the page. */
  writeScore(score: number): Promise<void>;
};

/** Runs in the page before its own scripts. Both apps get the same. */
function installProbe(): void {
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

class Side {
  readonly #writer: Page;
  readonly #viewer: Page;
  #score = 1_000;
  readonly totals: number[] = [];
  readonly accepted: number[] = [];

  private constructor(writer: Page, viewer: Page) {
    this.#writer = writer;
    this.#viewer = viewer;
  }

  static async open(browser: Browser, url: string): Promise<Side> {
    const openPage = async (): Promise<Page> => {
      const context = await browser.newContext();
      await context.addInitScript(installProbe);
      const page = await context.newPage();
      page.setDefaultTimeout(roundTimeoutMs);
      await page.goto(`${url}/browser-write`);
      await page.locator("[data-live=true]").waitFor();
      return page;
    };
    return new Side(await openPage(), await openPage());
  }

  /** One write in the first browser, and its way into a client component of the second one. */
  async run(isMeasured: boolean): Promise<void> {
    const score = ++this.#score;
    const seen = this.#viewer.evaluate((awaited) => (globalThis as unknown as ProbedGlobal).waitForScore(awaited), String(score));
    const written = this.#writer.evaluate(async (value) => {
      const now = (): number => performance.timeOrigin + performance.now();
      const writtenAt = now();
      await (globalThis as unknown as ProbedGlobal).writeScore(value);
      return { writtenAt, acceptedAt: now() };
    }, score);
    const [{ writtenAt, acceptedAt }, shownAt] = await inTime(
      Promise.all([written, seen]),
      `The score ${score} did not reach the second browser`,
    );
    // The other side must not run while this one finishes, and no two writes should fall into step.
    await sleep(40 + Math.random() * 40);
    if (!isMeasured) return;
    this.totals.push(shownAt - writtenAt);
    this.accepted.push(acceptedAt - writtenAt);
  }
}

/** From a write in one browser to the changed text of a client component in another one: Kawa's, and one written by hand. */
export async function measureBrowserWrite(): Promise<Result> {
  const { bare, kawa } = await measureBothApps({ open: Side.open, warmUpCount, count });
  const rows = [
    row("browser write to client component, by hand", "ms", bare.totals),
    row("browser write to client component, kawa", "ms", kawa.totals),
    row("- write to its acceptance, by hand", "ms", bare.accepted),
    row("- write to its acceptance, kawa", "ms", kawa.accepted),
  ];
  const value = ratio(rows[1]!, rows[0]!);
  return { rows, verdicts: [{ name: "browser write, kawa / by hand", value, unit: "times", goal: { atMost: goal } }] };
}
