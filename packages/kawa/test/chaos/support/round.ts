import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../integration/support/processes.ts";
import type { Cluster, Store } from "./cluster.ts";
import type { Server } from "./server.ts";
import { Watch } from "./watch.ts";

/** Longest wait for the end of an outage. */
const healTimeoutMs = 150_000;
const endTimeoutMs = 20_000;
/** Writes before the fault, so that there is something to lose. */
const leadMs = 1_500;

export type Scene = {
  readonly cluster: Cluster;
  /** The server that the actor lives in, and one that could host it. */
  readonly host: Server;
  readonly bystander: Server;
};

/** When the outage of the others has begun, and that of a server which was itself the victim and is back. */
export type Played = { readonly from: number; readonly victim?: Server; readonly backFrom?: number };

export type Fault = {
  readonly name: string;
  readonly store: Store;
  /** Everything has to be well for so long before a round is over: some faults have a second act. */
  readonly settleMs: number;
  /** Most milliseconds until all is well. */
  readonly goalMs?: number;
  /** Does it, and what ends it. */
  readonly play: (scene: Scene) => Promise<Played>;
};

export type Outcome = {
  readonly healMs: number;
  /** Of the victim, after it was back. */
  readonly backMs: number | undefined;
  readonly lost: number;
  readonly twice: number;
  readonly stale: number;
  readonly wrongMs: number;
  readonly errors: readonly string[];
};

/** Plays a fault once under steady writes of all servers, and counts what it has done. */
export async function playRound(cluster: Cluster, fault: Fault): Promise<Outcome> {
  for (const server of cluster.servers) server.startWriting();
  const watch = new Watch(cluster);
  try {
    const watched = await playWatched(cluster, fault, watch);
    return { ...watched, ...(await countLosses(cluster)) };
  } finally {
    await watch.stop();
  }
}

type Watched = Omit<Outcome, "lost" | "twice" | "stale">;

async function playWatched(cluster: Cluster, fault: Fault, watch: Watch): Promise<Watched> {
  await sleep(leadMs);
  const [host, bystander] = [await cluster.host(), await cluster.bystander()];
  const { from, victim, backFrom } = await fault.play({ cluster, host, bystander });
  const others = cluster.servers.filter((server) => server !== victim);
  await waitUntil(() => performance.now() - watch.lastOutage(cluster.servers) > fault.settleMs, {
    timeoutMs: healTimeoutMs,
    what: `the end of the outage after: ${fault.name}`,
    intervalMs: 200,
  }).catch((error: Error) => {
    const late = cluster.servers.filter((server) => performance.now() - watch.lastOutageOf(server) < fault.settleMs);
    throw new Error(`${error.message} Not well: ${late.map(({ name }) => name).join(", ")}.`, { cause: error });
  });
  const healMs = Math.max(0, watch.lastOutage(others) - from);
  const backMs = victim && backFrom ? Math.max(0, watch.lastOutageOf(victim) - backFrom) : undefined;
  const { wrongMs, errors } = watch;
  return { healMs, backMs, wrongMs, errors };
}

/** Compares with what every writer was told, and begins to count anew. */
async function countLosses({ servers }: Cluster): Promise<Pick<Outcome, "lost" | "twice" | "stale">> {
  for (const server of servers) await server.stopWriting();
  const [lost, twice] = [[0], [0]];
  const truth: Record<string, number> = {};
  for (const server of servers) {
    const value = await servers[0]!.script.call("get", server.key);
    truth[server.key] = value;
    lost.push(Math.max(0, server.acknowledged - value));
    twice.push(Math.max(0, value - server.acknowledged - server.unknown));
    server.acknowledged = value;
    server.unknown = 0;
  }
  const isCurrent = async (server: Server): Promise<boolean> => {
    const { said, values } = await server.script.call("shown");
    return said === "live" && Object.entries(truth).every(([key, value]) => values[key] === value);
  };
  const current = await Promise.all(
    servers.map((server) =>
      waitUntil(() => isCurrent(server), { timeoutMs: endTimeoutMs, what: "a current page" }).then(
        () => true,
        () => false,
      ),
    ),
  );
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  return { lost: sum(lost), twice: sum(twice), stale: current.filter((is) => !is).length };
}
