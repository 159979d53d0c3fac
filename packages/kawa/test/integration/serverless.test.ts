import { join } from "node:path";
import { expect, it } from "vitest";
import { findEnginePort } from "../../src/rivetkit/engine/ports.ts";
import { makeDataDir } from "./support/app.ts";
import { adminToken, startOwnEngine } from "./support/own-engine.ts";
import { Script } from "./support/script.ts";
import type { Operations } from "./support/serverless-process.ts";

it("lets its engine start actors through the mounted registry, and nobody else", async (context) => {
  const dataDir = await makeDataDir(context);
  const { endpoint } = await startOwnEngine({ dataDir });
  const port = await findEnginePort();
  const app = new Script<Operations>(join(import.meta.dirname, "support/serverless-process.ts"), {
    dataDir,
    env: {
      RIVET_ENDPOINT: endpoint.replace("//", `//app:${adminToken}@`),
      KAWA_SECRET: "the secret of all servers",
      KAWA_URL: `http://127.0.0.1:${port}`,
      VERCEL: "1",
      PORT: String(port),
    },
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
  expect(app.log.match(/\[kawa\].*/g)).toEqual([expect.stringContaining('had no namespace "app"')]);
  expect(app.log).not.toContain(adminToken);
  await app.endBy("SIGKILL");
});
