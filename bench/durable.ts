import { closeSync, constants, fdatasyncSync, openSync, writeFileSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { NeighbourProcess } from "./neighbour-process.ts";
import { ratio, row, type Result } from "./report.ts";
import { timeStartAfterCut } from "./start-after-cut.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";
import { withWorkers } from "./worker-process.ts";

const set = { actorId: "durable", keyCount: 1_000 };
const valueBytes = 100;
const inFlight = 64;
const slice = { inFlight, durationMs: 1_000, valueBytes };
const rounds = 6;
/** Awaited one after the other, in each round. */
const singleCount = 300;
/** About what a commit of one value takes in the journal. */
const appendBytes = 300;
const goals = { perSecond: 8_000, timesNeighbour: 3, timesSingle: 1.3, startMs: 5_000 };
const startCount = 3;
const sides = ["kawa", "process", "append", "waited", "threaded"] as const;

/** Writes that the disk has when they are acknowledged, against others that promise the same, and what it costs. */
export async function measureDurable(): Promise<Result> {
  return withTempDir((path) =>
    withWorkers(async ({ start }) => {
      const kawa = await start();
      await kawa.call("fill", set, valueBytes);
      await kawa.call("hostBare");
      return withWorkers(async ({ start: startOther }) => {
        // What is acknowledged survives a killed process, as it was before.
        const ofProcess = await startOther({ env: { BENCH_DURABILITY: "process" } });
        await ofProcess.call("fill", set, valueBytes);
        const sqlite = await NeighbourProcess.start(join(path, "neighbour.db"));
        try {
          const perSecond = await inTurns(["kawa", "sqlite", "action"] as const, { rounds }, async (side) => {
            if (side === "kawa") return kawa.call("writesPerSecond", set, "scattered", slice);
            if (side === "sqlite") return sqlite.requestsPerSecond(slice);
            return kawa.call("actionsPerSecond", slice);
          });
          const change = { kind: "set", of: set } as const;
          const times = { warmUpCount: 20, count: singleCount, pauseMs: 0 };
          const singles = await inTurns(sides, { rounds }, async (side) => {
            if (side === "kawa") return kawa.call("time", change, times);
            if (side === "process") return ofProcess.call("time", change, times);
            if (side === "waited") return ofProcess.call("time", change, { ...times, isAfterWait: true });
            return side === "append" ? timeAppends(join(path, "bare")) : timeThreadedWrites(join(path, "threaded"));
          });
          const startMs: number[] = [];
          for (let round = 0; round < startCount; round += 1) startMs.push(await timeStartAfterCut());
          return conclude(perSecond, singles, startMs);
        } finally {
          await sqlite.stop();
        }
      });
    }),
  );
}

type Samples = readonly (readonly number[])[];

function conclude(
  [kawa, sqlite, action]: Samples,
  [single, process, append, waited, threaded]: Samples,
  startMs: readonly number[],
): Result {
  const rows = {
    kawa: row(`${inFlight} writes in flight, kawa`, "writes/s", kawa!),
    sqlite: row(`${inFlight} requests in flight, node:http and node:sqlite (WAL, FULL)`, "writes/s", sqlite!),
    action: row(`${inFlight} actions in flight, each a commit of the engine`, "writes/s", action!),
    single: row(
      "awaited signal.set",
      "us",
      single!.map((ms) => ms * 1_000),
    ),
    process: row(
      'awaited signal.set, durability "process"',
      "us",
      process!.map((ms) => ms * 1_000),
    ),
    append: row(
      "bare append and fdatasync",
      "us",
      append!.map((ms) => ms * 1_000),
    ),
    waited: row(
      '- durability "process", each after a wait for another thread',
      "us",
      waited!.map((ms) => ms * 1_000),
    ),
    threaded: row(
      "- bare flushed write by another thread",
      "us",
      threaded!.map((ms) => ms * 1_000),
    ),
    start: row("start after a power cut in the middle of writing, 100,000 signals", "ms", startMs),
  };
  const best = Math.max(rows.sqlite.stats.p50, rows.action.stats.p50);
  return {
    rows: Object.values(rows),
    verdicts: [
      {
        name: "64 durable writes in flight",
        value: rows.kawa.stats.p50,
        unit: "writes/s",
        goal: { atLeast: goals.perSecond },
      },
      {
        name: "64 durable writes in flight, kawa / the best neighbour",
        value: rows.kawa.stats.p50 / best,
        unit: "times",
        goal: { atLeast: goals.timesNeighbour },
      },
      {
        name: 'awaited durable write / (one with durability "process" + bare append)',
        value: rows.single.stats.p50 / (rows.process.stats.p50 + rows.append.stats.p50),
        unit: "times",
        goal: { atMost: goals.timesSingle },
      },
      { name: "start after a power cut", value: rows.start.stats.p50, unit: "ms", goal: { atMost: goals.startMs } },
      {
        name: "- the same, / (each after a wait + flushed write by another thread)",
        value: rows.single.stats.p50 / (rows.waited.stats.p50 + rows.threaded.stats.p50),
        unit: "times",
      },
      { name: "- awaited write, disk / process", value: ratio(rows.single, rows.process), unit: "times" },
    ],
  };
}

/** What the disk takes at least, with nothing else to do. */
function timeAppends(path: string): number[] {
  const fd = openSync(path, "a");
  const bytes = Buffer.alloc(appendBytes, "x");
  const samples: number[] = [];
  for (let done = 0; done < singleCount; done += 1) {
    const startedAt = performance.now();
    writeSync(fd, bytes);
    fdatasyncSync(fd);
    samples.push(performance.now() - startedAt);
  }
  closeSync(fd);
  return samples;
}

/** The same for a write that holds up no event loop: another thread waits for the disk. The file has its space already. */
async function timeThreadedWrites(path: string): Promise<number[]> {
  const bytes = Buffer.alloc(appendBytes, "x");
  writeFileSync(path, Buffer.alloc(appendBytes * singleCount), { flush: true });
  const file = await open(path, constants.O_WRONLY | constants.O_DSYNC);
  const samples: number[] = [];
  for (let done = 0; done < singleCount; done += 1) {
    const startedAt = performance.now();
    await file.write(bytes, 0, appendBytes, done * appendBytes);
    samples.push(performance.now() - startedAt);
  }
  await file.close();
  return samples;
}
