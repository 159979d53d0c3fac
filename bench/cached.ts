import { BenchApp } from "./bench-app.ts";
import { ratio, row, type Result } from "./report.ts";
import { inLanes } from "./simulated-browsers.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

const rounds = 3;
const atOnce = 20;
/** Requests after a change. Without a cache each takes 50 ms of CPU, so fewer show what one costs. */
const counts = { cached: 1_000, uncached: 100 } as const;

type Side = keyof typeof counts;

type Sample = { readonly cpuMs: number; readonly runCount: number };

/** A component that takes 50 ms of CPU, on a page that many load after a change: with and without `"use cache"`. */
export async function measureCached(): Promise<Result> {
  const [cached, uncached] = await withTempDir(async (dataDir) => {
    const app = await BenchApp.start({ name: "cached-app", expectedScore: 0, dataDir });
    try {
      let score = 1_000;
      return await inTurns(["cached", "uncached"], { rounds }, (side) => measureSide(app, side, ++score));
    } finally {
      await app.stop();
    }
  });
  const cpuOf = (side: Side, samples: readonly Sample[]) =>
    row(
      `CPU of one of ${counts[side]} requests after a change, ${side}`,
      "ms",
      samples.map(({ cpuMs }) => cpuMs / counts[side]),
    );
  const rows = [cpuOf("uncached", uncached), cpuOf("cached", cached)] as const;
  return {
    rows,
    verdicts: [
      { name: "CPU of a request after a change, cached / uncached", value: ratio(rows[1], rows[0]), unit: "times" },
      {
        name: `- runs of the cached component for ${counts.cached} requests after a change`,
        value: Math.max(...cached.map(({ runCount }) => runCount)),
        unit: "runs",
        goal: { atMost: 1 },
      },
    ],
  };
}

async function measureSide(app: BenchApp, side: Side, score: number): Promise<Sample> {
  const runCount = async (): Promise<number> => Number(await textOf(`${app.url}/api/runs`));
  await app.setScore(score);
  const [cpuBefore, runsBefore] = [await app.cpuMs(), await runCount()];
  await inLanes(counts[side], atOnce, async () => {
    const html = await textOf(`${app.url}/${side}`);
    if (!html.includes(`<output id="score">${score}</output>`))
      throw new Error(`/${side} does not show ${score}:\n${html}`);
  });
  return { cpuMs: (await app.cpuMs()) - cpuBefore, runCount: (await runCount()) - runsBefore };
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}.`);
  return response.text();
}
