import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "./changes.ts";
import { ratio, row, type Result } from "./report.ts";
import { inTurns } from "./turns.ts";
import { type WorkerProcess, withWorkers } from "./worker-process.ts";

type Side = { readonly change: Change; readonly watched: Change };

const set: Change = { kind: "set", of: { actorId: "replication", keyCount: 100 } };
const kawa: Side = { change: set, watched: set };
const bareEvent: Side = { change: { kind: "event" }, watched: { kind: "event" } };
const bareAction: Side = { change: { kind: "eventAction" }, watched: { kind: "event" } };
/** All actors of a process share its socket to the engine, and one side's late acknowledgement holds up the other's message. */
const apartMs = 40;
const turns = { warmUpRounds: 10, rounds: 100 };
const goal = 3;

/** From a write in one process to a subscriber in another one, against RivetKit's own event, which is not durable. */
export async function measureReplication(): Promise<Result> {
  return withWorkers(async ({ start }) => {
    const owner = await start();
    for (const { change } of [kawa, bareEvent]) await owner.call("change", change, 1);
    const writer = await start();
    const subscriber = await start();
    for (const { watched } of [kawa, bareEvent]) await subscriber.call("watch", watched);

    const [beside, event, action] = await inTurns([kawa, bareEvent, bareAction], turns, (side) =>
      timeArrival(side, owner, subscriber),
    );
    const [across, actionAcross] = await inTurns([kawa, bareAction], turns, (side) =>
      timeArrival(side, writer, subscriber),
    );
    for (const worker of [writer, subscriber]) {
      if ((await worker.call("actorCount")) > 0) throw new Error("An actor has moved to another process.");
    }
    const rows = {
      beside: row("signal.set beside the actor to a subscriber", "ms", beside),
      action: row("bare action with an event beside the actor to a subscriber", "ms", action),
      event: row("bare event out of the actor to a subscriber", "ms", event),
      across: row("signal.set in a third process to a subscriber", "ms", across),
      actionAcross: row("bare action with an event in a third process to a subscriber", "ms", actionAcross),
    };
    return {
      rows: Object.values(rows),
      verdicts: [
        {
          name: "write beside the actor to a subscriber, kawa / bare action",
          value: ratio(rows.beside, rows.action),
          unit: "times",
          goal: { atMost: goal },
        },
        { name: "- kawa / bare event, without any request", value: ratio(rows.beside, rows.event), unit: "times" },
        {
          name: "write in a third process to a subscriber, kawa / bare action",
          value: ratio(rows.across, rows.actionAcross),
          unit: "times",
          goal: { atMost: goal },
        },
      ],
    };
  });
}

async function timeArrival({ change, watched }: Side, from: WorkerProcess, to: WorkerProcess): Promise<number> {
  await sleep(apartMs);
  const { number, startedAt } = await from.call("change", change, 1);
  const { at } = await to.call("arrival", watched, number);
  return at - startedAt;
}
