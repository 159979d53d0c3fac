import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "@playwright/test";
import { measureBothApps } from "./both-apps.ts";
import { inTime, roundTimeoutMs } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";

const warmUpCount = 30;
const count = 200;
const goal = 1.2;

type ProbedGlobal = { waitForScore(score: string): Promise<number> };

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
  readonly posts: number[] = [];
  readonly pushes: number[] = [];

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
      const push = page.waitForResponse((response) => response.request().headers()["next-action"] !== undefined && response.ok());
      await page.goto(`${url}/live-score`);
      await push;
      return page;
    };
    return new Side(await openPage(), await openPage());
  }

  /** One write in the first browser, and its way into the second one. */
  async run(isMeasured: boolean): Promise<void> {
    const score = String(++this.#score);
    const seen = this.#viewer.evaluate((awaited) => (globalThis as unknown as ProbedGlobal).waitForScore(awaited), score);
    const written = this.#writer.evaluate(async (body) => {
      const now = (): number => performance.timeOrigin + performance.now();
      const sentAt = now();
      const response = await fetch("/api/score", { method: "POST", body });
      if (!response.ok) throw new Error(`The write was answered with status ${response.status}.`);
      return { sentAt, answeredAt: now() };
    }, score);
    const [{ sentAt, answeredAt }, shownAt] = await inTime(
      Promise.all([written, seen]),
      `The score ${score} did not reach the second browser`,
    );
    // The other side must not run while this one finishes, and no two writes should fall into step.
    await sleep(40 + Math.random() * 40);
    if (!isMeasured) return;
    this.totals.push(shownAt - sentAt);
    this.posts.push(answeredAt - sentAt);
    this.pushes.push(shownAt - answeredAt);
  }
}

/** From a POST in one browser to the changed text in another one, pushed by a server action: Kawa's, and one written by hand. */
export async function measureFragments(): Promise<Result> {
  const { bare, kawa } = await measureBothApps({ open: Side.open, warmUpCount, count });
  const rows = [
    row("write to DOM, action by hand", "ms", bare.totals),
    row("write to DOM, fragment of kawa", "ms", kawa.totals),
    row("- POST to its answer, action by hand", "ms", bare.posts),
    row("- POST to its answer, fragment of kawa", "ms", kawa.posts),
    row("- answer to DOM, action by hand", "ms", bare.pushes),
    row("- answer to DOM, fragment of kawa", "ms", kawa.pushes),
  ];
  const value = ratio(rows[1]!, rows[0]!);
  return { rows, verdicts: [{ name: "write to DOM, fragment / action by hand", value, unit: "times", goal: { atMost: goal } }] };
}
