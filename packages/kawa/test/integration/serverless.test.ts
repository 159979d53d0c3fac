import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { engineBinary } from "../../src/rivetkit/engine/binary.ts";
import { createNamespace } from "../../src/rivetkit/engine/engine-api.ts";
import { findEnginePort } from "../../src/rivetkit/engine/ports.ts";
import { engineEnvironment } from "../../src/rivetkit/engine/settings.ts";
import { makeDataDir } from "./support/app.ts";
import { waitUntil } from "./support/processes.ts";
import { Script } from "./support/script.ts";
import type { Operations } from "./support/serverless-process.ts";

const adminToken = "the-token-of-the-engine";

/** An engine of its own, as it runs beside a serverless app. */
async function startEngine(dataDir: string): Promise<string> {
  const port = await findEnginePort();
  const datacenter = "RIVET__TOPOLOGY__DATACENTERS__DEFAULT__";
  const env = {
    ...engineEnvironment({ port, dataPath: join(dataDir, "engine"), adminToken, metricsHost: "127.0.0.1" }),
    RIVET__TOPOLOGY__DATACENTER_LABEL: "1",
    [`${datacenter}DATACENTER_LABEL`]: "1",
    [`${datacenter}IS_LEADER`]: "true",
    [`${datacenter}PUBLIC_URL`]: `http://127.0.0.1:${port}`,
    [`${datacenter}PEER_URL`]: `http://127.0.0.1:${port + 1}`,
  };
  const engine = spawn(engineBinary(), ["start", "--except-services", "api_peer"], { env, stdio: "ignore" });
  onTestFinished(() => void engine.kill("SIGKILL"));
  const isUp = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitUntil(isUp, { timeoutMs: 20_000, what: "the engine" });
  return `http://${await createNamespace({ port, adminToken })}:${adminToken}@127.0.0.1:${port}`;
}

it("lets its engine start actors through the mounted registry, and nobody else", async (context) => {
  const dataDir = await makeDataDir(context);
  const RIVET_ENDPOINT = await startEngine(dataDir);
  const port = await findEnginePort();
  const app = new Script<Operations>(join(import.meta.dirname, "support/serverless-process.ts"), {
    dataDir,
    env: { RIVET_ENDPOINT, KAWA_SECRET: "the secret of all servers", VERCEL: "1", PORT: String(port) },
  });
  await app.call("listen");
  const url = `http://127.0.0.1:${port}/api/rivet`;
  const stranger = (): Promise<number> =>
    fetch(`${url}/start`, { method: "POST", body: "junk" }).then(({ status }) => status);

  expect(await stranger()).toBe(401);
  expect((await fetch(`${url}/metadata`)).status).toBe(200);
  await app.call("set", 7);
  expect(await app.call("get")).toBe(7);
  expect(await app.call("starts")).toContain(200);
  expect(await stranger()).toBe(401);
  expect(app.log).not.toContain("[kawa]");
  expect(app.log).not.toContain(adminToken);
  await app.endBy("SIGKILL");
});
