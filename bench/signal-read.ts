import { BenchApp } from "./bench-app.ts";
import { row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";

const warmUpCount = 100;
const count = 200;
/** As many as the page of bench/kawa-app/app/reads has. */
const readCount = 2_000;
const goalNanoseconds = 2_000;
const kinds = ["none", "same", "distinct"] as const;

/** What `useReactive` costs in a server component, once the server knows the value. */
export async function measureSignalRead(): Promise<Result> {
  return withTempDir(async (dataDir) => {
    const app = await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir });
    const samples = { none: [] as number[], same: [] as number[], distinct: [] as number[] };
    try {
      for (let round = 0; round < warmUpCount + count; round += 1) {
        for (const kind of kinds) {
          const nanoseconds = await askPage(app.url, kind);
          if (round >= warmUpCount) samples[kind].push(nanoseconds);
        }
      }
    } finally {
      await app.stop();
    }
    const perRead = (of: readonly number[]): number[] => of.map((nanoseconds) => nanoseconds / readCount);
    const same = row(`useReactive, one signal ${readCount} times`, "ns", perRead(samples.same));
    const distinct = row(`useReactive, ${readCount} signals`, "ns", perRead(samples.distinct));
    return {
      rows: [row("the empty loop, in all", "ns", samples.none), same, distinct],
      verdicts: [
        { name: "one read of one signal", value: same.stats.p50, unit: "ns", goal: { atMost: goalNanoseconds } },
        {
          name: "one read among distinct signals",
          value: distinct.stats.p50,
          unit: "ns",
          goal: { atMost: goalNanoseconds },
        },
      ],
    };
  });
}

async function askPage(url: string, kind: (typeof kinds)[number]): Promise<number> {
  const response = await fetch(`${url}/reads?kind=${kind}`, { signal: AbortSignal.timeout(30_000) });
  const html = await response.text();
  const match = /<output data-sum="(\d+)" data-nanoseconds="(\d+)">/.exec(html);
  const expectedSum = kind === "distinct" ? (readCount * (readCount - 1)) / 2 : 0;
  if (match === null || Number(match[1]) !== expectedSum) {
    throw new Error(`${url}/reads?kind=${kind} answered ${response.status} without its measurement.`);
  }
  return Number(match[2]);
}
