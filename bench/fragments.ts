import type { Browser } from "@playwright/test";
import { measureBothApps } from "./both-apps.ts";
import { inTime } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";
import {
  installScoreProbe,
  openTwoBrowsers,
  postScore,
  settle,
  type TwoBrowsers,
  waitForScore,
} from "./two-browsers.ts";

const warmUpCount = 30;
const count = 200;
const goal = 1.2;

class Side {
  readonly #pages: TwoBrowsers;
  #score = 1_000;
  readonly totals: number[] = [];
  readonly posts: number[] = [];
  readonly pushes: number[] = [];

  private constructor(pages: TwoBrowsers) {
    this.#pages = pages;
  }

  static async open(browser: Browser, url: string): Promise<Side> {
    return new Side(
      await openTwoBrowsers(browser, installScoreProbe, async (page) => {
        const push = page.waitForResponse(
          (response) => response.request().headers()["next-action"] !== undefined && response.ok(),
        );
        await page.goto(`${url}/live-score`);
        await push;
      }),
    );
  }

  /** One write in the first browser, and its way into the second one. */
  async run(isMeasured: boolean): Promise<void> {
    const score = String(++this.#score);
    const seen = waitForScore(this.#pages.viewer, score);
    const written = postScore(this.#pages.writer, score);
    const [{ sentAt, answeredAt }, shownAt] = await inTime(
      Promise.all([written, seen]),
      `The score ${score} did not reach the second browser`,
    );
    await settle();
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
  return {
    rows,
    verdicts: [{ name: "write to DOM, fragment / action by hand", value, unit: "times", goal: { atMost: goal } }],
  };
}
