import { setTimeout as sleep } from "node:timers/promises";
import { ratio, row, type Result, type Unit, type Verdict } from "./report.ts";
import { inTurns } from "./turns.ts";
import { type WorkerProcess, withWorkers } from "./worker-process.ts";

const few = { kind: "set", of: { actorId: "few", keyCount: 100 } } as const;
const many = { kind: "set", of: { actorId: "many", keyCount: 100_000 } } as const;
const sides = [few, many] as const;
const valueBytes = 100;
const block = { warmUpCount: 3, count: 25, pauseMs: 2 };
const blocks = 16;
const arrivals = 300;
const cpuBlocks = 24;
/** One by one, and as many as one process can make: then one message brings several. */
const paced = { count: 200, gapMs: 1 };
const burst = { count: 1_000, gapMs: 0 };
const goal = 1.3;

/** What one update costs among 100,000 signals, against one among 100. A second process follows all of them. */
export async function measureHundredThousand(): Promise<Result> {
  return withWorkers(async ({ start }) => {
    const owner = await start();
    for (const { of } of sides) await owner.call("fill", of, valueBytes);
    const follower = await start();
    for (const change of sides) await follower.call("watch", change);

    const setMs = await inTurns(sides, { rounds: blocks }, (change) => owner.call("time", change, block));
    const arrived = await inTurns(sides, { warmUpRounds: 50, rounds: arrivals }, async (change) => {
      const { number, startedAt } = await owner.call("change", change, 1);
      const { at, deltaBytes } = await follower.call("arrival", change, number);
      await sleep(block.pauseMs);
      return { ms: at - startedAt, deltaBytes };
    });
    const measureCpu = ({ count, gapMs }: typeof paced): Promise<Pair<CpuTimes>> =>
      inTurns(sides, { rounds: cpuBlocks }, async (change) => {
        const before = await cpuTimes(owner, follower);
        const { number } = await owner.call("change", change, count, gapMs);
        await follower.call("arrival", change, number);
        const after = await cpuTimes(owner, follower);
        return { owner: (after.owner - before.owner) / count, follower: (after.follower - before.follower) / count };
      });
    const cpu = await measureCpu(paced);
    const cpuOfBurst = await measureCpu(burst);

    return conclude([
      { name: "awaited signal.set", unit: "ms", samples: setMs },
      { name: "signal.set to its arrival in another process", unit: "ms", samples: each(arrived, ({ ms }) => ms) },
      { name: "message to the other process", unit: "bytes", samples: each(arrived, ({ deltaBytes }) => deltaBytes) },
      { name: "CPU time of an update, process of the actor", unit: "us", samples: each(cpu, ({ owner }) => owner) },
      { name: "CPU time of an update, other process", unit: "us", samples: each(cpu, ({ follower }) => follower) },
      {
        name: "- in a burst, process of the actor",
        unit: "us",
        samples: each(cpuOfBurst, ({ owner }) => owner),
        hasNoGoal: true,
      },
      {
        name: "- in a burst, other process",
        unit: "us",
        samples: each(cpuOfBurst, ({ follower }) => follower),
        hasNoGoal: true,
      },
    ]);
  });
}

type Pair<T> = readonly [few: readonly T[], many: readonly T[]];
type CpuTimes = { readonly owner: number; readonly follower: number };
type Figure = {
  readonly name: string;
  readonly unit: Unit;
  readonly samples: Pair<number>;
  readonly hasNoGoal?: boolean;
};

function each<T>([few, many]: Pair<T>, figure: (sample: T) => number): Pair<number> {
  return [few.map(figure), many.map(figure)];
}

async function cpuTimes(owner: WorkerProcess, follower: WorkerProcess): Promise<CpuTimes> {
  return { owner: await owner.call("cpuTime"), follower: await follower.call("cpuTime") };
}

function conclude(figures: readonly Figure[]): Result {
  const pairs = figures.map(({ name, unit, samples, hasNoGoal }) => ({
    name,
    hasNoGoal,
    few: row(`${name}, 100 signals`, unit, samples[0]),
    many: row(`${name}, 100,000 signals`, unit, samples[1]),
  }));
  return {
    rows: pairs.flatMap((pair) => [pair.few, pair.many]),
    verdicts: pairs.map((pair): Verdict => ({
      name: `${pair.name}, 100,000 signals / 100`,
      value: ratio(pair.many, pair.few),
      unit: "times",
      ...(pair.hasNoGoal ? {} : { goal: { atMost: goal } }),
    })),
  };
}
