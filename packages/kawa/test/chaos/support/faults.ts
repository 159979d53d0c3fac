import { setTimeout as sleep } from "node:timers/promises";
import type { OwnEngine } from "../../integration/support/own-engine.ts";
import { signalProcess } from "../../integration/support/processes.ts";
import type { Cluster } from "./cluster.ts";
import { endAtRandom } from "./random-ends.ts";
import type { Fault, Played, Scene } from "./round.ts";
import type { Server } from "./server.ts";

/** The second look that an engine takes at a server comes within it. */
const settleMs = 12_000;
/** What a killed engine has left is looked at within 40 s. A server that was connected for a minute tries to connect again soonest. */
const settleAfterEngineMs = 62_000;
/** Time until somebody starts a killed server again. */
const restartAfterMs = 12_000;
const burstCount = 20_000;

const now = (): number => performance.now();

async function endServer({ cluster }: Scene, victim: Server, signal: "SIGKILL" | "SIGTERM"): Promise<Played> {
  const from = now();
  await victim.endBy(signal);
  await sleep(restartAfterMs);
  await victim.restart(cluster.keys);
  return { from, victim, backFrom: now() };
}

export async function freezeServer(victim: Server, ms: number): Promise<Played> {
  const from = now();
  victim.signal("SIGSTOP");
  await sleep(ms);
  victim.signal("SIGCONT");
  return { from, victim, backFrom: now() };
}

/** As a supervisor does: it is started again at once. */
async function restartEngine(engine: OwnEngine, signal: "SIGKILL" | "SIGTERM"): Promise<Played> {
  const from = now();
  await engine.endBy(signal);
  engine.spawn();
  await engine.whenUp();
  return { from };
}

async function freezeEngine(engine: OwnEngine, ms: number): Promise<Played> {
  signalProcess(engine.pid, "SIGSTOP");
  await sleep(ms);
  signalProcess(engine.pid, "SIGCONT");
  return { from: now() };
}

/** The way of a server to the engine goes black for a while. */
async function cut({ cluster }: Scene, victim: Server, ms: number): Promise<Played> {
  const proxy = cluster.proxyOf(victim);
  const from = now();
  proxy.goBlack();
  await sleep(ms);
  proxy.comeBack();
  return { from, victim, backFrom: now() };
}

/** Proofs that servers give each other have an end. */
async function jumpClock(cluster: Cluster, server: Server): Promise<Played> {
  const from = now();
  await server.script.call("setClockAhead", 3_600_000);
  for (const each of cluster.servers) cluster.proxyOf(each).chunksToCut = 2;
  return { from };
}

async function crashPostgres({ cluster }: Scene, how: "fast" | "crash", awayMs: number): Promise<Played> {
  const from = now();
  await cluster.postgres!.end(how);
  await sleep(awayMs);
  await cluster.postgres!.spawn();
  return { from };
}

const onFiles: readonly Omit<Fault, "store">[] = [
  { name: "host SIGKILL", settleMs, goalMs: 8_000, play: (scene) => endServer(scene, scene.host, "SIGKILL") },
  { name: "host SIGTERM", settleMs, goalMs: 3_000, play: (scene) => endServer(scene, scene.host, "SIGTERM") },
  { name: "host SIGSTOP 20 s", settleMs, goalMs: 12_000, play: ({ host }) => freezeServer(host, 20_000) },
  { name: "host SIGSTOP 75 s", settleMs, goalMs: 12_000, play: ({ host }) => freezeServer(host, 75_000) },
  { name: "other SIGKILL", settleMs, goalMs: 1_000, play: (scene) => endServer(scene, scene.bystander, "SIGKILL") },
  { name: "other SIGSTOP 20 s", settleMs, goalMs: 1_000, play: ({ bystander }) => freezeServer(bystander, 20_000) },
  {
    name: "engine SIGKILL + restart",
    settleMs: settleAfterEngineMs,
    goalMs: 5_000,
    play: ({ cluster }) => restartEngine(cluster.engines[0]!, "SIGKILL"),
  },
  {
    name: "engine SIGTERM + restart",
    settleMs: settleAfterEngineMs,
    goalMs: 5_000,
    play: ({ cluster }) => restartEngine(cluster.engines[0]!, "SIGTERM"),
  },
  {
    name: "engine SIGSTOP 20 s",
    settleMs: settleAfterEngineMs,
    goalMs: 5_000,
    play: ({ cluster }) => freezeEngine(cluster.engines[0]!, 20_000),
  },
  {
    name: "engine SIGSTOP 75 s",
    settleMs: settleAfterEngineMs,
    goalMs: 5_000,
    play: ({ cluster }) => freezeEngine(cluster.engines[0]!, 75_000),
  },
  {
    name: "engine away 40 s",
    settleMs: settleAfterEngineMs,
    goalMs: 5_000,
    play: async ({ cluster }) => {
      await cluster.engines[0]!.endBy("SIGKILL");
      await sleep(40_000);
      const played = { from: now() };
      cluster.engines[0]!.spawn();
      await cluster.engines[0]!.whenUp();
      return played;
    },
  },
  {
    name: "engine and host SIGKILL",
    settleMs: settleAfterEngineMs,
    play: async (scene) => {
      const from = now();
      await Promise.all([scene.cluster.engines[0]!.endBy("SIGKILL"), scene.host.endBy("SIGKILL")]);
      scene.cluster.engines[0]!.spawn();
      await scene.cluster.engines[0]!.whenUp();
      await scene.host.restart(scene.cluster.keys);
      return { from, victim: scene.host, backFrom: now() };
    },
  },
  { name: "host cut off 40 s", settleMs, goalMs: 12_000, play: (scene) => cut(scene, scene.host, 40_000) },
  {
    name: "reader cut off 40 s",
    settleMs,
    goalMs: 1_000,
    play: (scene) => cut(scene, scene.cluster.servers[2]!, 40_000),
  },
  {
    name: "all links 300 ms late, 15 s",
    settleMs,
    goalMs: 5_000,
    play: async ({ cluster }) => {
      const proxies = cluster.servers.map((server) => cluster.proxyOf(server));
      for (const proxy of proxies) proxy.delayMs = 300;
      await sleep(15_000);
      for (const proxy of proxies) proxy.delayMs = 0;
      return { from: now() };
    },
  },
  {
    name: "links cut within a frame, 10 times each",
    settleMs,
    goalMs: 5_000,
    play: async ({ cluster }) => {
      for (let time = 0; time < 10; time += 1) {
        for (const server of cluster.servers) cluster.proxyOf(server).chunksToCut = 1;
        await sleep(500);
      }
      return { from: now() };
    },
  },
  {
    name: "clock of the host an hour ahead, then new connections",
    settleMs,
    goalMs: 5_000,
    play: ({ cluster, host }) => jumpClock(cluster, host),
  },
  {
    name: "clock of a reader an hour ahead, then new connections",
    settleMs,
    goalMs: 5_000,
    play: ({ cluster }) => jumpClock(cluster, cluster.servers[2]!),
  },
  {
    name: "burst of 20,000 writes of each server",
    settleMs,
    play: async ({ cluster }) => {
      const from = now();
      await Promise.all(cluster.servers.map((server) => server.burst(burstCount)));
      return { from };
    },
  },
];

/** Nothing may be lost; how long it takes depends on what ends together. */
const randomEnds: Omit<Fault, "store"> = {
  name: "30 ends in random order",
  settleMs,
  play: async ({ cluster }) => {
    await endAtRandom(cluster);
    return { from: now() };
  },
};

const onPostgres: readonly Omit<Fault, "store">[] = [
  {
    name: "engine SIGTERM + restart",
    settleMs: settleAfterEngineMs,
    play: ({ cluster }) => restartEngine(cluster.engines[0]!, "SIGTERM"),
  },
  {
    name: "engine SIGKILL + restart",
    settleMs: settleAfterEngineMs,
    play: ({ cluster }) => restartEngine(cluster.engines[0]!, "SIGKILL"),
  },
  {
    name: "PostgreSQL restart",
    settleMs: settleAfterEngineMs,
    goalMs: 12_000,
    play: (scene) => crashPostgres(scene, "fast", 0),
  },
  {
    name: "PostgreSQL crash, 10 s away",
    settleMs: settleAfterEngineMs,
    goalMs: 12_000,
    play: (scene) => crashPostgres(scene, "crash", 10_000),
  },
];

const onTwoNodes: readonly Omit<Fault, "store">[] = [
  ...onPostgres.filter(({ name }) => name.startsWith("PostgreSQL")),
  {
    name: "one node SIGKILL, back after 12 s",
    settleMs: settleAfterEngineMs,
    goalMs: 12_000,
    play: async ({ cluster }) => {
      const from = now();
      await cluster.engines[0]!.endBy("SIGKILL");
      await sleep(restartAfterMs);
      cluster.engines[0]!.spawn();
      await cluster.engines[0]!.whenUp();
      return { from };
    },
  },
  {
    name: "NATS SIGKILL + restart",
    settleMs: settleAfterEngineMs,
    goalMs: 12_000,
    play: async ({ cluster }) => {
      const from = now();
      await cluster.nats!.endBy("SIGKILL");
      await cluster.nats!.spawn();
      return { from };
    },
  },
  { name: "host SIGKILL", settleMs, goalMs: 8_000, play: (scene) => endServer(scene, scene.host, "SIGKILL") },
];

export const faults: readonly Fault[] = [
  ...[...onFiles, randomEnds].map((fault) => ({ ...fault, store: "files" as const })),
  ...onPostgres.map((fault) => ({ ...fault, store: "postgres" as const })),
  ...[...onTwoNodes, randomEnds].map((fault) => ({ ...fault, store: "two nodes" as const })),
];
