import { type Browser, chromium, type Page } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { adminToken, startOwnEngine } from "../packages/kawa/test/integration/support/own-engine.ts";
import { BenchApp } from "./bench-app.ts";
import { inTime } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import { installScoreProbe, settle, waitForScore } from "./two-browsers.ts";

const warmUpCount = 20;
const count = 150;

/** A server that is written to, and a page of one that shows it. */
class Way {
  readonly name: string;
  readonly totals: number[] = [];
  readonly #writtenTo: BenchApp;
  readonly #viewer: Page;

  constructor(name: string, writtenTo: BenchApp, viewer: Page) {
    this.name = name;
    this.#writtenTo = writtenTo;
    this.#viewer = viewer;
  }

  async run(score: number, isMeasured: boolean): Promise<void> {
    const seen = waitForScore(this.#viewer, String(score));
    const sentAt = performance.timeOrigin + performance.now();
    const done = Promise.all([seen, this.#writtenTo.setScore(score)]);
    const [seenAt] = await inTime(done, `${this.name}: the score ${score} did not reach the viewer`);
    await settle();
    if (isMeasured) this.totals.push(seenAt - sentAt);
  }
}

async function openViewer(browser: Browser, { url }: BenchApp): Promise<Page> {
  const context = await browser.newContext();
  await context.addInitScript(installScoreProbe);
  const page = await context.newPage();
  await page.goto(url);
  await page.locator("#score").waitFor();
  return page;
}

/** From a POST to one of two servers on one engine to the changed text of a page of the other, or of the same one. */
export function measureOtherServer(): Promise<Result> {
  return withTempDir(async (dataDir) => {
    const engine = await startOwnEngine({ dataDir });
    const env = { RIVET_ENDPOINT: engine.endpoint, RIVET_TOKEN: adminToken, KAWA_SECRET: "the secret of the bench" };
    const browser = await chromium.launch({ args: chromiumArgs, executablePath: ensureChromium() });
    const apps: BenchApp[] = [];
    try {
      // The first one gets the actor.
      for (let index = 0; index < 2; index += 1)
        apps.push(await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir, env }));
      const [host, other] = apps as [BenchApp, BenchApp];
      const [atHost, atOther] = [await openViewer(browser, host), await openViewer(browser, other)];
      const ways = [
        new Way("both on the server with the actor", host, atHost),
        new Way("both on the other server", other, atOther),
        new Way("from the server with the actor to the other one", host, atOther),
        new Way("from the other server to the one with the actor", other, atHost),
      ];
      let score = 1_000;
      for (let round = 0; round < warmUpCount + count; round += 1)
        for (const way of round % 2 ? ways : ways.toReversed()) await way.run((score += 1), round >= warmUpCount);
      const rows = ways.map(({ name, totals }) => row(`write to DOM, ${name}`, "ms", totals));
      const verdicts = rows.slice(1).map((each, index) => ({
        name: `${ways[index + 1]!.name} / same server`,
        value: ratio(each, rows[0]!),
        unit: "times" as const,
      }));
      return { rows, verdicts };
    } finally {
      await browser.close();
      for (const app of apps) await app.stop();
      await engine.endBy("SIGKILL");
    }
  });
}
