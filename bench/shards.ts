import { availableParallelism } from "node:os";
import type { SignalSet } from "./bench-signals.ts";
import { canPin } from "./cores.ts";
import { ratio, row, type Result } from "./report.ts";
import { inTurns } from "./turns.ts";
import { type WorkerProcess, withWorkers } from "./worker-process.ts";

const shards = 4;
/** Each shard has as much to do as the one: a commit costs about the same whatever it brings, so smaller ones cost more for a write. */
const slice = { inFlight: 256, durationMs: 1_000, valueBytes: 100 };
const keyCount = 10_000;
const maxAttempts = 20;
/** Two processes, their clients and the engine: with fewer cores they take turns, and only CPU time tells. */
const coresForTwo = 4;
const goals = { times: 1.7, cpu: 1.15 };

type Side = { readonly set: SignalSet };
type Sample = { readonly perSecond: number; readonly cpuUs: number };

/** Two processes write to one backend: of one actor, which lives in one of them, and of four, two in each. */
export async function measureShards(): Promise<Result> {
  return withWorkers(async ({ start }) => {
    const workers = [await start(), await start()] as const;
    await Promise.all(workers.map((worker, core) => worker.call("moveToCore", core)));
    const one: Side = { set: { actorId: "one", keyCount } };
    await workers[0].call("fill", one.set, slice.valueBytes);
    const four = await spread(workers);
    const [ofOne, ofFour] = await inTurns([one, four], { warmUpRounds: 2, rounds: 10 }, (side) =>
      measure(workers, side),
    );
    const rows = {
      one: row(
        "2 processes write, 1 shard",
        "writes/s",
        ofOne.map(({ perSecond }) => perSecond),
      ),
      four: row(
        `2 processes write, ${shards} shards`,
        "writes/s",
        ofFour.map(({ perSecond }) => perSecond),
      ),
      cpuOfOne: row(
        "CPU time of both for a write, 1 shard",
        "us",
        ofOne.map(({ cpuUs }) => cpuUs),
      ),
      cpuOfFour: row(
        `CPU time of both for a write, ${shards} shards`,
        "us",
        ofFour.map(({ cpuUs }) => cpuUs),
      ),
    };
    const hasCores = canPin && availableParallelism() >= coresForTwo;
    return {
      rows: Object.values(rows),
      verdicts: [
        {
          name: `${shards} shards in 2 processes / 1 shard, writes a second`,
          value: ratio(rows.four, rows.one),
          unit: "times",
          ...(hasCores ? { goal: { atLeast: goals.times } } : {}),
        },
        {
          name: `${shards} shards in 2 processes / 1 shard, CPU time of a write`,
          value: ratio(rows.cpuOfFour, rows.cpuOfOne),
          unit: "times",
          ...(hasCores ? {} : { goal: { atMost: goals.cpu } }),
        },
      ],
    };
  });
}

/** The engine chooses where an actor lives: tries until half of the shards are in each process. */
async function spread(workers: readonly [WorkerProcess, WorkerProcess]): Promise<Side> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const set: SignalSet = { actorId: `four-${attempt}`, keyCount, shards };
    await workers[0].call("fill", set, slice.valueBytes);
    const counts = await Promise.all(workers.map((worker) => worker.call("shardCount", set.actorId)));
    if (counts.every((count) => count === shards / 2)) return { set };
  }
  throw new Error(`The engine has not put ${shards / 2} of ${shards} shards into each process.`);
}

async function measure(workers: readonly WorkerProcess[], { set }: Side): Promise<Sample> {
  const cpu = async (): Promise<number> =>
    (await Promise.all(workers.map((worker) => worker.call("cpuUs")))).reduce((sum, own) => sum + own, 0);
  const before = await cpu();
  const rates = await Promise.all(workers.map((worker) => worker.call("writesToShards", set, slice)));
  const perSecond = rates.reduce((sum, rate) => sum + rate, 0);
  return { perSecond, cpuUs: ((await cpu()) - before) / (perSecond * (slice.durationMs / 1_000)) };
}
