import { rm } from "node:fs/promises";
import { join } from "node:path";
import { BenchApp, type BenchAppOptions } from "./bench-app.ts";
import { row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";

const rounds = 7;
const storedScore = 42;
const goalMs = 1_500;

/** From the spawn of `next start` to the first page with the right value. */
export async function measureStartUp(): Promise<Result> {
  return withTempDir(async (dir) => {
    const existing = join(dir, "existing");
    await prepareData(existing);
    const sides = {
      bare: (): BenchAppOptions => ({ name: "bare-app", expectedScore: 0 }),
      kawaExisting: (): BenchAppOptions => ({ name: "kawa-app", expectedScore: storedScore, dataDir: existing }),
      kawaNew: (round: number): BenchAppOptions => ({ name: "kawa-app", expectedScore: 0, dataDir: join(dir, `new-${round}`) }),
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
    const bare = row("start to first page, bare", "ms", samples.bare);
    const kawaExisting = row("start to first page, kawa, existing data", "ms", samples.kawaExisting);
    const kawaNew = row("start to first page, kawa, new folder", "ms", samples.kawaNew);
    return {
      rows: [bare, kawaExisting, kawaNew],
      verdicts: [
        { name: "start, kawa with data - bare", value: kawaExisting.stats.p50 - bare.stats.p50, unit: "ms", goal: { atMost: goalMs } },
        { name: "start, kawa anew - bare", value: kawaNew.stats.p50 - bare.stats.p50, unit: "ms", goal: { atMost: goalMs } },
        { name: "start, kawa with data / bare", value: kawaExisting.stats.p50 / bare.stats.p50, unit: "times" },
        { name: "start, kawa anew / bare", value: kawaNew.stats.p50 / bare.stats.p50, unit: "times" },
      ],
    };
  });
}

async function prepareData(dataDir: string): Promise<void> {
  const app = await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir });
  try {
    await app.setScore(storedScore);
  } finally {
    await app.stop();
  }
}
