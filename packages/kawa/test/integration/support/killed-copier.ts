import { host } from "../../../src/rivetkit/host/host.ts";
import { reshard } from "../../../src/rivetkit/shards/reshard.ts";
import { openShardActor, type ShardRows } from "../../../src/rivetkit/shards/shard-actor.ts";
import { layoutIn, layoutKey, type ShardLayout } from "../../../src/rivetkit/sharding/shard-layout.ts";

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
  const { write } = actor;
  actor.write = async (writes) => {
    const written = await write.call(actor, writes);
    const [first] = writes;
    const layout = first && "text" in first && first.key === layoutKey ? layoutIn(first.text) : undefined;
    if (layout && isEnd(layout)) process.kill(process.pid, "SIGKILL");
    return written;
  };
  return actor;
}

await host().start();
await reshard({ whole: "global", to: { shards: Number(TO), by: {} }, open });
