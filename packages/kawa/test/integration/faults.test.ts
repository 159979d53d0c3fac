import { afterAll, beforeAll, expect, it } from "vitest";
import { Cluster } from "../chaos/support/cluster.ts";
import { faults, freezeServer } from "../chaos/support/faults.ts";
import { playRound } from "../chaos/support/round.ts";

/** `npm run test:chaos` plays all of them, and measures: here a busy machine may be slower, but nothing may be lost. */
const patience = 4;
const settleMs = 3_000;

let cluster: Cluster;

beforeAll(async () => {
  cluster = (await Cluster.start({ store: "files" }))!;
}, 90_000);

afterAll(async () => {
  await cluster.end();
});

it.each([
  "host SIGKILL",
  "engine SIGKILL + restart",
  "engine SIGTERM + restart",
  "links cut within a frame, 10 times each",
])(
  "three servers on an engine that is not on loopback go on after: %s",
  async (name) => {
    const fault = faults.find((each) => each.store === "files" && each.name === name)!;
    const { healMs, wrongMs, ...losses } = await playRound(cluster, { ...fault, settleMs });
    expect(losses).toMatchObject({ lost: 0, twice: 0, stale: 0, errors: [] });
    expect(healMs).toBeLessThan(fault.goalMs! * patience);
    expect(wrongMs).toBeLessThan(10_000);
  },
  120_000,
);

it("an actor starts elsewhere while its server is frozen, and no write fails", async () => {
  const frozenMs = 40_000;
  const { healMs, ...losses } = await playRound(cluster, {
    name: "host frozen",
    store: "files",
    settleMs,
    play: ({ host }) => freezeServer(host, frozenMs),
  });
  expect(losses).toMatchObject({ lost: 0, twice: 0, stale: 0, errors: [] });
  // `npm run test:chaos` measures how soon: 12 s at most.
  expect(healMs).toBeLessThan(frozenMs - 5_000);
}, 180_000);

it("a server ends within 3 s of SIGTERM, although the actor lives in it and all servers write", async () => {
  for (const server of cluster.servers) server.startWriting();
  const host = await cluster.host();
  const signalledAt = performance.now();
  await host.endBy("SIGTERM");
  expect(performance.now() - signalledAt).toBeLessThan(3_000);
  await host.restart(cluster.keys);
  for (const server of cluster.servers) await server.stopWriting();
}, 60_000);
