import { host } from "../../../src/rivetkit/host/host.ts";
import { reshard } from "../../../src/rivetkit/shards/reshard.ts";
import { openShardActor, type ShardRows } from "../../../src/rivetkit/shards/shard-actor.ts";
import type { ShardLayout } from "../../../src/rivetkit/sharding/shard-layout.ts";

/** Copies `FROM` shards, at least two, to `TO`, and is killed when all actors wait behind its fence, or when the copy counts. */
const { FROM, TO, KILLED_AT } = process.env;
let fenceCount = 0;

function isEnd({ isFenced, was }: ShardLayout): boolean {
  if (KILLED_AT === "count") return was !== undefined;
  if (isFenced) fenceCount += 1;
  return fenceCount === Number(FROM);
}

function open(actorId: string): ShardRows {
  const actor = openShardActor({ actorName: "reactiveState", actorId });
  const { setLayout } = actor;
  actor.setLayout = async (layout, over) => {
    const stored = await setLayout.call(actor, layout, over);
    if (stored && isEnd(layout)) process.kill(process.pid, "SIGKILL");
    return stored;
  };
  return actor;
}

await host().start();
await reshard({ whole: "global", to: { shards: Number(TO), by: {} }, open });
