import { ratio, type Result, row } from "./report.ts";
import { inTurns } from "./turns.ts";
import { withWorkers } from "./worker-process.ts";

const processCount = 8;
const roundMs = 2_000;
const inFlight = 8;
const goal = 5;

/** Eight processes, none of which has the actor, that add to one number: by changes that commute, and by updates that compare. */
export function measureCounter(): Promise<Result> {
  return withWorkers(async ({ start, fork }) => {
    // The actor lives in a process of its own: beside it nobody would be faster.
    const owner = await start();
    await owner.call("count", "increment", 100, 1);
    const workers = await Promise.all(Array.from({ length: processCount }, () => fork()));
    // One after the other: each joins the engine of the first.
    for (const worker of workers) await worker.call("count", "increment", 100, 1);
    let counted = await owner.call("counted");
    let retries = 0;
    const [increments, updates] = await inTurns(["increment", "update"] as const, { rounds: 4 }, async (kind) => {
      const made = await Promise.all(workers.map((worker) => worker.call("count", kind, roundMs, inFlight)));
      const sum = made.reduce((all, { count }) => all + count, 0);
      const after = await owner.call("counted");
      if (after - counted !== sum)
        throw new Error(`${sum} were acknowledged, and the counter grew by ${after - counted}.`);
      counted = after;
      if (kind === "increment") retries += made.reduce((all, { runs, count }) => all + runs - count, 0);
      return sum / (roundMs / 1_000);
    });
    const rows = [
      row(`${processCount} processes increment one counter`, "writes/s", increments),
      row(`${processCount} processes update one counter`, "writes/s", updates),
    ];
    return {
      rows,
      verdicts: [
        {
          name: "signal.increment / signal.update",
          value: ratio(rows[0]!, rows[1]!),
          unit: "times",
          goal: { atLeast: goal },
        },
        { name: "- increments that were tried again", value: retries, unit: "requests", goal: { atMost: 0 } },
      ],
    };
  });
}
