import type { SignalSet } from "./bench-signals.ts";
import { ratio, row, type Result } from "./report.ts";
import { inTurns } from "./turns.ts";
import { withWorkers } from "./worker-process.ts";

const few: SignalSet = { actorId: "few", keyCount: 1_000 };
const many: SignalSet = { actorId: "many", keyCount: 100_000 };
const scatteredFew = { set: few, order: "scattered" } as const;
const scatteredMany = { set: many, order: "scattered" } as const;
const hooked = { set: { actorId: "hooked", keyCount: 1_000, hooks: true }, order: "scattered" } as const;
const neighbours = { set: few, order: "neighbours" } as const;
const valueBytes = 100;
const slice = { inFlight: 64, durationMs: 1_000, valueBytes };
/** Far longer than it takes until what is acknowledged is as far ahead of SQLite as it may be. */
const steadyMs = 15_000;
const manyInFlight = 512;
const goals = { few: 8_000, manySteady: 4_000, hookedElsewhere: 8_000 };

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
    await worker.call("fill", hooked.set, valueBytes);
    const elsewhere = await start();
    const [hookedBeside, hookedElsewhere, hookedMany] = await inTurns(
      [
        [worker, slice],
        [elsewhere, slice],
        [elsewhere, { ...slice, inFlight: manyInFlight }],
      ] as const,
      { rounds: 6 },
      ([writer, given]) => writer.call("writesPerSecond", hooked.set, hooked.order, given),
    );
    if ((await elsewhere.call("actorCount")) > 0) throw new Error("An actor has moved to another process.");
    const hookedMs = await elsewhere.call(
      "time",
      { kind: "set", of: hooked.set },
      { warmUpCount: 100, count: 500, pauseMs: 0 },
    );
    const steadyPerSecond = await worker.call("writesPerSecond", many, "scattered", { ...slice, durationMs: steadyMs });
    const rows = {
      few: row("64 writes in flight, 1,000 signals", "writes/s", fewPerSecond),
      many: row("64 writes in flight, 100,000 signals", "writes/s", manyPerSecond),
      steady: row(`64 writes in flight, 100,000 signals, for ${steadyMs / 1_000} s`, "writes/s", [steadyPerSecond]),
      hookedBeside: row("64 writes in flight, with hooks", "writes/s", hookedBeside),
      hookedElsewhere: row("64 writes in flight, with hooks, from another process", "writes/s", hookedElsewhere),
      hookedMany: row(`${manyInFlight} writes in flight, with hooks, from another process`, "writes/s", hookedMany),
      hookedMs: row("awaited signal.set with hooks, from another process", "ms", hookedMs),
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
        {
          name: `${manyInFlight} writes in flight, with hooks, from another process`,
          value: rows.hookedMany.stats.p50,
          unit: "writes/s",
          goal: { atLeast: goals.hookedElsewhere },
        },
        {
          name: "- with hooks: 64 in flight from another process / beside the actor",
          value: ratio(rows.hookedElsewhere, rows.hookedBeside),
          unit: "times",
        },
        { name: "- 100,000 signals / 1,000, bursts of 1 s", value: ratio(rows.many, rows.few), unit: "times" },
      ],
    };
  });
}
