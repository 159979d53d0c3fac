import { rm } from "node:fs/promises";
import { join } from "node:path";
import { BenchApp, type BenchAppOptions } from "./bench-app.ts";
import { row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";

const rounds = 7;
const storedScore = 42;
const goalMs = 1_500;
const afterKillGoalMs = 2_000;

/** From the spawn of `next start` to the first page with the right value: the starts after a regular end, and after a kill of everything. */
export async function measureStartUp(): Promise<Result> {
  return withTempDir(async (dir) => {
    const existing = join(dir, "existing");
    await prepareData(existing);
    const sides = {
      bare: (): BenchAppOptions => ({ name: "bare-app", expectedScore: 0 }),
      kawaExisting: (): BenchAppOptions => ({ name: "kawa-app", expectedScore: storedScore, dataDir: existing }),
      kawaNew: (round: number): BenchAppOptions => ({
        name: "kawa-app",
        expectedScore: 0,
        dataDir: join(dir, `new-${round}`),
      }),
    };
    const samples = { bare: [] as number[], kawaExisting: [] as number[], kawaNew: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      for (const side of Object.keys(sides) as (keyof typeof sides)[]) {
        const app = await BenchApp.start(sides[side](round));
        samples[side].push(app.startMs);
        await app.stop();
      }
      await rm(join(dir, `new-${round}`), { recursive: true, force: true, maxRetries: 5 });
    }
    const afterKill = row(
      "start to first page, kawa, after a kill of app and engine",
      "ms",
      await measureAfterKill(existing),
    );
    const bare = row("start to first page, bare", "ms", samples.bare);
    const kawaExisting = row("start to first page, kawa, existing data", "ms", samples.kawaExisting);
    const kawaNew = row("start to first page, kawa, new folder", "ms", samples.kawaNew);
    return {
      rows: [bare, kawaExisting, kawaNew, afterKill],
      verdicts: [
        {
          name: "start, kawa with data - bare",
          value: kawaExisting.stats.p50 - bare.stats.p50,
          unit: "ms",
          goal: { atMost: goalMs },
        },
        {
          name: "start, kawa anew - bare",
          value: kawaNew.stats.p50 - bare.stats.p50,
          unit: "ms",
          goal: { atMost: goalMs },
        },
        {
          name: "start after a kill of app and engine",
          value: afterKill.stats.p50,
          unit: "ms",
          goal: { atMost: afterKillGoalMs },
        },
        { name: "start, kawa with data / bare", value: kawaExisting.stats.p50 / bare.stats.p50, unit: "times" },
        { name: "start, kawa anew / bare", value: kawaNew.stats.p50 / bare.stats.p50, unit: "times" },
      ],
    };
  });
}

/** Each start follows the kill of the one before at once, which had written what the page has to show. */
async function measureAfterKill(dataDir: string): Promise<number[]> {
  const samples: number[] = [];
  let app = await BenchApp.start({ name: "kawa-app", expectedScore: storedScore, dataDir });
  try {
    for (let score = storedScore + 1; score <= storedScore + rounds; score += 1) {
      await app.setScore(score);
      await app.kill();
      app = await BenchApp.start({ name: "kawa-app", expectedScore: score, dataDir });
      samples.push(app.startMs);
    }
    return samples;
  } finally {
    await app.stop();
  }
}

async function prepareData(dataDir: string): Promise<void> {
  const app = await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir });
  try {
    await app.setScore(storedScore);
  } finally {
    await app.stop();
  }
}
