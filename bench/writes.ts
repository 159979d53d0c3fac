import type { SignalSet } from "./bench-signals.ts";
import { ratio, row, type Result } from "./report.ts";
import { inTurns } from "./turns.ts";
import { withWorkers } from "./worker-process.ts";

const few: SignalSet = { actorId: "few", keyCount: 1_000 };
const many: SignalSet = { actorId: "many", keyCount: 100_000 };
const scatteredFew = { set: few, order: "scattered" } as const;
const scatteredMany = { set: many, order: "scattered" } as const;
const neighbours = { set: few, order: "neighbours" } as const;
const valueBytes = 100;
const slice = { inFlight: 64, durationMs: 1_000, valueBytes };
/** Far longer than it takes until what is acknowledged is as far ahead of SQLite as it may be. */
const steadyMs = 15_000;
const goals = { few: 8_000, manySteady: 4_000 };

/** Durable writes, with the actors in the writer's own process. */
export async function measureWrites(): Promise<Result> {
  return withWorkers(async ({ start }) => {
    const worker = await start();
    for (const set of [few, many]) await worker.call("fill", set, valueBytes);
    const setMs = await worker.call("time", { kind: "set", of: few }, { warmUpCount: 100, count: 1_000, pauseMs: 0 });
    const [fewPerSecond, manyPerSecond, neighboursPerSecond] = await inTurns(
      [scatteredFew, scatteredMany, neighbours],
      { rounds: 6 },
      ({ set, order }) => worker.call("writesPerSecond", set, order, slice),
    );
    const steadyPerSecond = await worker.call("writesPerSecond", many, "scattered", { ...slice, durationMs: steadyMs });
    const rows = {
      few: row("64 writes in flight, 1,000 signals", "writes/s", fewPerSecond),
      many: row("64 writes in flight, 100,000 signals", "writes/s", manyPerSecond),
      steady: row(`64 writes in flight, 100,000 signals, for ${steadyMs / 1_000} s`, "writes/s", [steadyPerSecond]),
      neighbours: row("64 writes in flight, 1,000 signals in the order of their keys", "writes/s", neighboursPerSecond),
    };
    return {
      rows: [row("awaited signal.set", "ms", setMs), ...Object.values(rows)],
      verdicts: [
        { name: "64 writes in flight", value: rows.few.stats.p50, unit: "writes/s", goal: { atLeast: goals.few } },
        {
          name: `64 writes in flight, 100,000 signals, for ${steadyMs / 1_000} s`,
          value: steadyPerSecond,
          unit: "writes/s",
          goal: { atLeast: goals.manySteady },
        },
        { name: "- 100,000 signals / 1,000, bursts of 1 s", value: ratio(rows.many, rows.few), unit: "times" },
      ],
    };
  });
}
