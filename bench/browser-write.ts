import type { Browser } from "@playwright/test";
import { measureBothApps } from "./both-apps.ts";
import { inTime } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";
import { installScoreProbe, openTwoBrowsers, settle, type TwoBrowsers, waitForScore } from "./two-browsers.ts";

const warmUpCount = 30;
const count = 200;
const goal = 1.5;

/** Made by the page. */
type WritingGlobal = { writeScore(score: number): Promise<void> };

class Side {
  readonly #pages: TwoBrowsers;
  #score = 1_000;
  readonly totals: number[] = [];
  readonly accepted: number[] = [];

  private constructor(pages: TwoBrowsers) {
    this.#pages = pages;
  }

  static async open(browser: Browser, url: string): Promise<Side> {
    return new Side(
      await openTwoBrowsers(browser, installScoreProbe, async (page) => {
        await page.goto(`${url}/browser-write`);
        await page.locator("[data-live=true]").waitFor();
      }),
    );
  }

  /** One write in the first browser, and its way into a client component of the second one. */
  async run(isMeasured: boolean): Promise<void> {
    const score = ++this.#score;
    const seen = waitForScore(this.#pages.viewer, String(score));
    const written = this.#pages.writer.evaluate(async (value) => {
      const now = (): number => performance.timeOrigin + performance.now();
      const writtenAt = now();
      await (globalThis as unknown as WritingGlobal).writeScore(value);
      return { writtenAt, acceptedAt: now() };
    }, score);
    const [{ writtenAt, acceptedAt }, shownAt] = await inTime(
      Promise.all([written, seen]),
      `The score ${score} did not reach the second browser`,
    );
    await settle();
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
