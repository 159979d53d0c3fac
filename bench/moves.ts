import { BenchApp } from "./bench-app.ts";
import { cores, onCore, warnOfMachine } from "./cores.ts";
import { Forked } from "./forked.ts";
import type { MovingClientOperations } from "./moving-clients.ts";
import { row, type Result } from "./report.ts";
import { summarize } from "./stats.ts";
import { withTempDir } from "./temp-dir.ts";

const browserCount = Number(process.env["KAWA_BENCH_BROWSERS"] ?? 100);
const valueCount = Number(process.env["KAWA_BENCH_VALUES"] ?? 10);
const warmUpMs = 5_000;
const durationMs = 20_000;
const goals = { accepted: 5_000, latencyMs: 100, growth: 1.5 };
/** What an app sets whose pages do this: 60 frames a second with all values, and some more. */
const requestsPerSecond = 1_000;

/** Many browsers that each move some values at 60 Hz, each shown by another one. The app and its engine have one core. */
export async function measureMoves(): Promise<Result> {
  warnOfMachine();
  return withTempDir(async (dataDir) => {
    const clients = new Forked<MovingClientOperations>("moving-clients.ts");
    let app: BenchApp | undefined;
    try {
      app = await BenchApp.start({
        name: "kawa-app",
        dataDir,
        expectedScore: 0,
        startedBy: onCore(cores.server),
        nodeArguments: (process.env["KAWA_BENCH_NODE"] ?? "").split(" ").filter(Boolean),
        env: { KAWA_BENCH_RATE: String(requestsPerSecond) },
      });
      await clients.call("open", Number(new URL(app.url).port), browserCount, valueCount);
      await clients.call("move", warmUpMs);
      const cpuBefore = await app.cpuMs();
      const moves = await clients.call("move", durationMs);
      const cpuMs = (await app.cpuMs()) - cpuBefore;
      const seconds = moves.durationMs / 1_000;
      const { latencies } = moves;
      const quarter = Math.floor(latencies.length / 4);
      const growth = summarize(latencies.slice(-quarter)).p50 / summarize(latencies.slice(0, quarter)).p50;
      const latency = row(
        `a move to another browser, ${browserCount} browsers with ${valueCount} values`,
        "ms",
        latencies,
      );
      const failures = Object.entries(moves.failures);
      return {
        rows: [
          latency,
          row("CPU of the app for a request, without its engine", "ms", [cpuMs / moves.requests]),
          row("CPU of the browsers in a second", "ms", [moves.cpuMs / seconds]),
        ],
        verdicts: [
          {
            name: "accepted writes",
            value: moves.accepted / seconds,
            unit: "writes/s",
            goal: { atLeast: goals.accepted },
          },
          { name: "- requests in a second", value: moves.requests / seconds, unit: "requests" },
          { name: "p99 to another browser", value: latency.stats.p99, unit: "ms", goal: { atMost: goals.latencyMs } },
          {
            name: "median of the last quarter of the moves / the first one",
            value: growth,
            unit: "times",
            goal: { atMost: goals.growth },
          },
          {
            name: "values whose last position did not arrive",
            value: browserCount * valueCount - moves.arrived,
            unit: "values",
            goal: { atMost: 0 },
          },
          {
            name: `refused writes${failures.length > 0 ? `: ${JSON.stringify(moves.failures)}` : ""}`,
            value: failures.reduce((sum, [, count]) => sum + count, 0),
            unit: "requests",
            goal: { atMost: 0 },
          },
        ],
      };
    } finally {
      await clients.stop();
      await app?.stop();
    }
  });
}
