import { join } from "node:path";
import { expect, it, type TestContext, vi } from "vitest";
import { makeDataDir } from "./support/app.ts";
import type { Operations } from "./support/build-process.ts";
import { adminToken, startOwnEngine } from "./support/own-engine.ts";
import { Script } from "./support/script.ts";

const patience = { timeout: 30_000, interval: 50 };

/** It takes a tenth of that. */
const maxExitMs = 3_000;

type StartBuild = (build: string, version: number) => Script<Operations>;

async function startEngine(context: TestContext): Promise<StartBuild> {
  const dataDir = await makeDataDir(context);
  const engine = await startOwnEngine({ dataDir });
  context.onTestFinished(() => engine.endBy("SIGKILL"));
  const { endpoint } = engine;
  const shared = { RIVET_ENDPOINT: endpoint, RIVET_TOKEN: adminToken, KAWA_SECRET: "the secret of all servers" };
  return (build, version) => {
    const env = { ...shared, BUILD: build, RIVET_ENVOY_VERSION: String(version) };
    return new Script<Operations>(join(import.meta.dirname, "support/build-process.ts"), { dataDir, env });
  };
}

/** Writes one value after the other, each under a key of its own, until it is stopped; resolves with how many were acknowledged. */
function writeSteadily(server: Script<Operations>): () => Promise<number> {
  let isStopped = false;
  const writing = (async () => {
    let count = 0;
    for (; !isStopped; count += 1) await server.call("set", `steady:${count}`, count);
    return count;
  })();
  return () => {
    isStopped = true;
    return writing;
  };
}

it("gives the actor to the newer build while the older one runs, and not back when that starts again", async (context) => {
  const start = await startEngine(context);
  const old = start("old", 1);
  await old.call("start");
  await old.call("set", "first", 1);
  expect(await old.call("get", "first")).toEqual({ n: 1, by: "old" });
  const stop = writeSteadily(old);

  const fresh = start("new", 2);
  await fresh.call("start");
  await vi.waitUntil(async () => (await fresh.call("hostsActors")) === 1, patience);
  await vi.waitUntil(async () => (await old.call("hostsActors")) === 0, patience);
  await old.call("set", "second", 2);
  expect(await fresh.call("get", "second")).toEqual({ n: 2, by: "new" });

  const again = start("old", 1);
  await again.call("start");
  await again.call("set", "third", 3);
  const count = await stop();
  expect(count).toBeGreaterThan(0);
  expect(await again.call("get", "third")).toEqual({ n: 3, by: "new" });
  expect(await Promise.all([old, fresh, again].map((server) => server.call("hostsActors")))).toEqual([0, 1, 0]);
  for (let n = 0; n < count; n += 1) expect(await again.call("get", `steady:${n}`)).toMatchObject({ n });

  // Back to the older build: it was connected all the time.
  const signalledAt = performance.now();
  await fresh.endBy("SIGTERM");
  expect(performance.now() - signalledAt).toBeLessThan(maxExitMs);
  await old.call("set", "fourth", 4);
  expect(await again.call("get", "fourth")).toEqual({ n: 4, by: "old" });
  for (const server of [old, fresh, again]) expect(server.log).not.toContain("RIVET_ENVOY_VERSION");
});
