import type { SignalSet } from "./bench-signals.ts";
import { row, type Result } from "./report.ts";
import { withWorkers } from "./worker-process.ts";

const set: SignalSet = { actorId: "memory", keyCount: 100_000 };
const smallestBytes = 20;
const largestBytes = 100;
const rounds = 2;
const goalMegabytes = 100;
const megabyte = 1_000_000;

/** What a server's copy of 100,000 small signals takes, with the actor in another process. */
export async function measureMemory(): Promise<Result> {
  return withWorkers(async ({ start }) => {
    const owner = await start();
    await owner.call("fill", set, smallestBytes, largestBytes);
    const grown = { heap: [] as number[], rss: [] as number[] };
    const loadMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const server = await start({ nodeArguments: ["--expose-gc"] });
      // Connects, so that only the signals are counted.
      await server.call("load", { ...set, keyCount: 1 });
      const before = await server.call("memory");
      loadMs.push(await server.call("load", set));
      const after = await server.call("memory");
      for (const name of ["heap", "rss"] as const) grown[name].push((after[name] - before[name]) / megabyte);
      await server.stop();
    }
    const heap = row("heap and external memory of 100,000 signals", "MB", grown.heap);
    return {
      rows: [
        heap,
        row("resident memory of 100,000 signals", "MB", grown.rss),
        row("loading 100,000 signals", "ms", loadMs),
      ],
      verdicts: [
        { name: "memory of 100,000 signals", value: heap.stats.p50, unit: "MB", goal: { atMost: goalMegabytes } },
      ],
    };
  });
}
