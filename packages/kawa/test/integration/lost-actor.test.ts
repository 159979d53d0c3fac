import { join } from "node:path";
import { expect, it, type TestContext, vi } from "vitest";
import { makeDataDir } from "./support/app.ts";
import type { Operations } from "./support/build-process.ts";
import { adminToken, type OwnEngine, startOwnEngine } from "./support/own-engine.ts";
import { signalProcess } from "./support/processes.ts";
import { Script } from "./support/script.ts";

const lostMs = 3_000;
const patience = { timeout: 30_000, interval: 100 };

type Started = { engine: OwnEngine; start: (hosting?: "none") => Script<Operations> };

async function startEngine(
  context: TestContext,
  settings: Readonly<Record<string, string>> = { RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: String(lostMs) },
): Promise<Started> {
  const dataDir = await makeDataDir(context);
  const engine = await startOwnEngine({ dataDir, env: settings });
  context.onTestFinished(() => engine.endBy("SIGKILL"));
  const shared = { RIVET_TOKEN: adminToken, KAWA_SECRET: "the secret of all servers", BUILD: "one" };
  const env = { ...shared, RIVET_ENDPOINT: engine.endpoint };
  const start: Started["start"] = (hosting) =>
    new Script<Operations>(join(import.meta.dirname, "support/build-process.ts"), {
      dataDir,
      env: { ...env, KAWA_HOSTING: hosting },
    });
  return { engine, start };
}

it("forgets an actor that has ended because its engine was away for long", async (context) => {
  const { engine, start } = await startEngine(context);
  const server = start();
  await server.call("start");
  await server.call("set", "k", 1);
  expect(await server.call("hostsActors")).toBe(1);
  await engine.endBy("SIGKILL");
  await vi.waitUntil(async () => (await server.call("hostsActors")) === 0, patience);
  engine.spawn();
  await server.call("set", "k", 2);
  expect(await server.call("hostsActors")).toBe(1);
  await server.endBy("SIGKILL");
});

it("reaches an actor of a killed server soon, also where it never has, while an older server lives", async (context) => {
  const { start } = await startEngine(context, {});
  const servers = [start(), start()];
  for (const server of servers) await server.call("start");
  // Who misses the actor later has reached it before.
  const writer = start("none");
  await writer.call("set", "k", 1);
  await writer.endBy("SIGKILL");
  const counts = await Promise.all(servers.map((server) => server.call("hostsActors")));
  expect(counts.toSorted()).toEqual([0, 1]);
  await servers[counts.indexOf(1)]!.endBy("SIGKILL");
  const startedAt = performance.now();
  const fresh = start();
  await fresh.call("start");
  expect(await fresh.call("get", "k")).toMatchObject({ n: 1 });
  // The engine alone takes 25 s at least.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

it("forgets an actor that was started elsewhere while its server was frozen", async (context) => {
  const { start } = await startEngine(context);
  const frozen = start();
  await frozen.call("start");
  await frozen.call("set", "k", 1);
  const other = start();
  await other.call("start");
  signalProcess(frozen.pid, "SIGSTOP");
  await vi.waitUntil(async () => (await other.call("hostsActors")) === 1, patience);
  await other.call("set", "k", 2);
  signalProcess(frozen.pid, "SIGCONT");
  await vi.waitUntil(async () => (await frozen.call("hostsActors")) === 0, patience);
  expect(await frozen.call("get", "k")).toMatchObject({ n: 2 });
});
