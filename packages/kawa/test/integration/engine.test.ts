import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { createNamespace, findNamespace } from "../../src/rivetkit/engine/engine-api.ts";
import { makeDataDir, startApp } from "./support/app.ts";
import { type EngineRecord, findEngines, readEngineRecord, signalProcess, waitUntil } from "./support/processes.ts";

/** Listens on a port of the loopback address until the test has finished. */
async function occupy(context: TestContext, port = 0): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  context.onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port);
}

it("says which package is missing when there is no engine binary", async (context) => {
  const dataDir = await makeDataDir(context);
  const app = startApp({ dataDir, env: { RIVET_ENGINE_BINARY: join(dataDir, "nowhere") } });

  await expect(app.call("start")).rejects.toMatchObject({
    code: "ENGINE_BINARY_MISSING",
    message: expect.stringContaining("npm install --include=optional @rivetkit/engine-cli"),
  });
  await expect(app.call("set", "value", 1)).rejects.toMatchObject({ code: "ENGINE_BINARY_MISSING" });
  await app.end();
});

it("names the platform when RivetKit has no engine for it", async (context) => {
  const dataDir = await makeDataDir(context);
  const preload = join(import.meta.dirname, "support/unknown-platform.ts");
  const app = startApp({ dataDir, preload, env: { RIVET_ENGINE_BINARY: undefined } });

  await expect(app.call("start")).rejects.toMatchObject({
    code: "ENGINE_PLATFORM_UNSUPPORTED",
    message: expect.stringContaining("sunos/"),
  });
  await app.end();
});

it("names the folder when it cannot be written", async (context) => {
  const parent = await makeDataDir(context);
  await writeFile(join(parent, "file"), "");
  const dataDir = join(parent, "file", "data");
  const app = startApp({ dataDir });

  await expect(app.call("start")).rejects.toMatchObject({
    code: "ENGINE_FOLDER_UNWRITABLE",
    message: expect.stringContaining(dataDir),
  });
  await app.end();
});

it("names the port when another program listens on the one that was asked for", async (context) => {
  const dataDir = await makeDataDir(context);
  const port = await occupy(context);
  const app = startApp({ dataDir });

  await expect(app.call("start", { port })).rejects.toMatchObject({
    code: "ENGINE_PORT_TAKEN",
    message: expect.stringContaining(String(port)),
  });
  expect(findEngines(dataDir)).toEqual([]);

  // A failed start is no end: the next one may do better.
  expect(portOf(await app.call("start"))).not.toBe(port);
  await app.end();
});

it("makes no second namespace where an interrupted start has made one", async (context) => {
  const dataDir = await makeDataDir(context);
  const app = startApp({ dataDir });
  await app.call("set", "value", 1);
  const { port } = (await readEngineRecord(dataDir))!;
  const access = { port, adminToken: (await readFile(join(dataDir, "admin-token"), "utf8")).trim() };

  expect(await createNamespace(access)).toBe(await findNamespace(access));
  await app.end();
});

it("shows the engine's last words when it ends at start", async (context) => {
  const dataDir = await makeDataDir(context);
  await mkdir(dataDir, { recursive: true });
  const binary = join(dataDir, "broken-engine");
  await writeFile(binary, "#!/bin/sh\necho no such luck\nexit 3\n", { mode: 0o755 });
  const app = startApp({ dataDir, env: { RIVET_ENGINE_BINARY: binary } });

  await expect(app.call("start")).rejects.toMatchObject({
    code: "ENGINE_START_FAILED",
    message: expect.stringContaining("no such luck"),
  });
  await app.end();
});

it("listens on the port of the last time, and on another one when that is taken", async (context) => {
  const dataDir = await makeDataDir(context);
  const first = startApp({ dataDir });
  const port = portOf(await first.call("start"));
  await first.call("set", "value", "kept");
  await first.end();

  const second = startApp({ dataDir });
  expect(portOf(await second.call("start"))).toBe(port);
  expect(await second.call("get", "value")).toBe("kept");
  await second.end();

  await occupy(context, port);
  const third = startApp({ dataDir });
  const other = portOf(await third.call("start"));
  expect(other).not.toBe(port);
  expect(await third.call("get", "value")).toBe("kept");
  expect(await readEngineRecord(dataDir)).toMatchObject({ port: other, ownerPid: third.pid });
  await third.end();
});

it("listens on the port that was asked for", async (context) => {
  const dataDir = await makeDataDir(context);
  const first = startApp({ dataDir });
  const port = portOf(await first.call("start"));
  await first.end();

  const second = startApp({ dataDir });
  expect(portOf(await second.call("start", { port: port + 2 }))).toBe(port + 2);
  await second.end();
});

it("starts a crashed engine again, on the same port and with its data", async (context) => {
  const dataDir = await makeDataDir(context);
  const app = startApp({ dataDir });
  await app.call("set", "value", "before");
  for (const value of ["after one crash", "after two crashes"]) {
    const before = await readEngineRecord(dataDir);
    signalProcess(before!.pid, "SIGKILL");

    await app.call("set", "value", value);

    const next = async () => {
      const record = await readEngineRecord(dataDir);
      return record?.pid !== before?.pid && record;
    };
    const after = (await waitUntil(next, { timeoutMs: 15_000, what: "the next engine" })) as EngineRecord;
    expect(after).toMatchObject({ port: before?.port, ownerPid: app.pid });
    await waitUntil(() => findEngines(dataDir).some(({ pid }) => pid === after.pid), {
      timeoutMs: 15_000,
      what: "its process",
    });
    expect(findEngines(dataDir)).toHaveLength(1);
    expect(await app.call("get", "value")).toBe(value);
  }
  await app.end();
  const second = startApp({ dataDir });
  expect(await second.call("get", "value")).toBe("after two crashes");
  await second.end();
});

it("has its data back soon after a clean restart", async (context) => {
  const dataDir = await makeDataDir(context);
  const first = startApp({ dataDir });
  await first.call("set", "value", "kept");
  await first.end();

  const second = startApp({ dataDir });
  const value = await waitUntil(() => second.call("get", "value"), { timeoutMs: 15_000, what: "the value" });
  expect(value).toBe("kept");
  await second.end();
});

it("stops an engine that ignores the request to end", async (context) => {
  const dataDir = await makeDataDir(context);
  const app = startApp({ dataDir });
  await app.call("set", "value", 1);
  const engine = await readEngineRecord(dataDir);
  signalProcess(engine!.pid, "SIGSTOP");

  await app.call("stop");

  // stop() resolves when the engine is gone, not before.
  expect(findEngines(dataDir)).toEqual([]);
  await app.end();
});
