import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "./changes.ts";
import { ratio, row, type Result } from "./report.ts";
import { inTurns } from "./turns.ts";
import { type WorkerProcess, withWorkers } from "./worker-process.ts";

const kawa: Change = { kind: "set", of: { actorId: "single-write", keyCount: 100 } };
const bareCommit: Change = { kind: "commit" };
const bareAction: Change = { kind: "commitAction" };
/** All actors of a process share its socket to the engine, and one side's late acknowledgement holds up the other's message. */
const settleMs = 100;
const apartMs = 60;
const goalOfCommit = 3;
const goalOfAction = 1;

/** One awaited write: beside the actor, and in another process than the actor. */
export async function measureSingleWrite(): Promise<Result> {
  const rows = { ...(await measureBeside()), ...(await measureAcross()) };
  return {
    rows: Object.values(rows),
    verdicts: [
      {
        name: "signal.set / bare commit, beside the actor",
        value: ratio(rows.beside, rows.commit),
        unit: "times",
        goal: { atMost: goalOfCommit },
      },
      { name: `- the same ${apartMs} ms apart`, value: ratio(rows.besideApart, rows.commitApart), unit: "times" },
      {
        name: "signal.set / bare action, in another process",
        value: ratio(rows.across, rows.action),
        unit: "times",
        goal: { atMost: goalOfAction },
      },
      { name: `- the same ${apartMs} ms apart`, value: ratio(rows.acrossApart, rows.actionApart), unit: "times" },
    ],
  };
}

function measureBeside() {
  return withWorkers(async ({ start }) => {
    const owner = await start();
    const [beside, commit] = await timeInBlocks(owner, [kawa, bareCommit], { rounds: 20, count: 25, pauseMs: 0 });
    const [besideApart, commitApart] = await timeInBlocks(owner, [kawa, bareCommit], {
      rounds: 8,
      count: 15,
      pauseMs: apartMs,
    });
    return {
      beside: row("signal.set beside the actor", "ms", beside),
      commit: row("bare commit beside the actor", "ms", commit),
      besideApart: row(`signal.set beside the actor, ${apartMs} ms apart`, "ms", besideApart),
      commitApart: row(`bare commit beside the actor, ${apartMs} ms apart`, "ms", commitApart),
    };
  });
}

function measureAcross() {
  return withWorkers(async ({ start }) => {
    // Each actor lives in a process of its own.
    for (const change of [bareCommit, kawa])
      await (await start()).call("time", change, { warmUpCount: 1, count: 1, pauseMs: 0 });
    const other = await start();
    const [across, action] = await timeInBlocks(other, [kawa, bareAction], { rounds: 8, count: 25, pauseMs: 0 });
    const [acrossApart, actionApart] = await timeInBlocks(other, [kawa, bareAction], {
      rounds: 8,
      count: 15,
      pauseMs: apartMs,
    });
    if ((await other.call("actorCount")) > 0) throw new Error("An actor has moved to the third process.");
    return {
      across: row("signal.set in another process, one after the other", "ms", across),
      action: row("bare action in another process, one after the other", "ms", action),
      acrossApart: row(`signal.set in another process, ${apartMs} ms apart`, "ms", acrossApart),
      actionApart: row(`bare action in another process, ${apartMs} ms apart`, "ms", actionApart),
    };
  });
}

type Blocks = { readonly rounds: number; readonly count: number; readonly pauseMs: number };

function timeInBlocks(worker: WorkerProcess, sides: readonly [Change, Change], { rounds, count, pauseMs }: Blocks) {
  return inTurns(sides, { rounds }, async (change) => {
    await sleep(settleMs);
    return worker.call("time", change, { warmUpCount: 3, count, pauseMs });
  });
}
