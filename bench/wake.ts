import type { SignalSet } from "./bench-signals.ts";
import { row, type Result } from "./report.ts";
import { inTurns } from "./turns.ts";
import { type Workers, withWorkers } from "./worker-process.ts";

const few: SignalSet = { actorId: "few", keyCount: 10 };
const many: SignalSet = { actorId: "many", keyCount: 100_000 };
const valueBytes = 100;
const wakeTurns = { warmUpRounds: 0, rounds: 5 };
const coldTurns = { warmUpRounds: 0, rounds: 5 };
const coldKeyCount = 10;
const goalWakeMs = 1_500;
const goalColdMs = 100;

/** The first answer of an actor after a restart, and the first answer that a new server gets from an actor that is awake. */
export async function measureWake(): Promise<Result> {
  // A folder each: an engine wakes all its actors again, and one would wait for the other.
  return withWorkers((withFew) =>
    withWorkers(async (withMany) => {
      await fillAndStop(withFew, few);
      await fillAndStop(withMany, many);
      const [fewMs, manyMs] = await inTurns(
        [
          { workers: withFew, set: few },
          { workers: withMany, set: many },
        ],
        wakeTurns,
        ({ workers, set }) => timeFirstValue(workers, set),
      );
      const [joinedMs, aloneMs] = await timeColdServers(withMany);
      const rows = {
        few: row("start of a server to its first value, 10 signals", "ms", fewMs),
        many: row("start of a server to its first value, 100,000 signals", "ms", manyMs),
        joined: row("first 10 values of a second server", "ms", joinedMs),
        alone: row("first 10 values of a second server, its start included", "ms", aloneMs),
      };
      return {
        rows: Object.values(rows),
        verdicts: [
          {
            name: "wake, 100,000 signals - 10 signals",
            value: rows.many.stats.p50 - rows.few.stats.p50,
            unit: "ms",
            goal: { atMost: goalWakeMs },
          },
          {
            name: "first 10 values of a second server",
            value: rows.joined.stats.p50,
            unit: "ms",
            goal: { atMost: goalColdMs },
          },
        ],
      };
    }),
  );
}

async function fillAndStop({ start }: Workers, set: SignalSet): Promise<void> {
  const writer = await start();
  await writer.call("fill", set, valueBytes);
  await writer.stop();
}

/** The process has loaded its modules; engine and actor are not there. */
async function timeFirstValue({ fork }: Workers, set: SignalSet): Promise<number> {
  const server = await fork();
  const tookMs = await server.call("load", { ...set, keyCount: 1 });
  await server.stop();
  return tookMs;
}

/** Servers that come later, with and without the start of the part that every server runs to host actors. */
async function timeColdServers({ start, fork }: Workers): Promise<readonly [joined: number[], alone: number[]]> {
  const owner = await start();
  await owner.call("load", { ...many, keyCount: 1 });
  return inTurns(["joined", "alone"], coldTurns, async (side) => {
    const server = await fork();
    if (side === "joined") await server.call("start");
    const tookMs = await server.call("load", { ...many, keyCount: coldKeyCount });
    await server.stop();
    return tookMs;
  });
}
