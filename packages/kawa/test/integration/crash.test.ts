import { randomUUID } from "node:crypto";
import { describe, expect, it, type TestContext } from "vitest";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { findEngines, readEngineRecord, signalProcess, waitForNoProcess, waitUntil } from "./support/processes.ts";

const roundCount = 10;

/** Both at once, as a power cut of the machine's container does. */
async function killAppAndEngine(app: App, dataDir: string): Promise<void> {
  const record = await readEngineRecord(dataDir);
  signalProcess(record!.pid, "SIGKILL");
  await app.kill();
  await waitForNoProcess(dataDir, 10_000);
}

async function expectValuesToSurvive(context: TestContext): Promise<void> {
  const dataDir = await makeDataDir(context);
  let last = "";
  for (let round = 0; round < roundCount; round += 1) {
    const app = startApp({ dataDir });
    expect(await app.call("get", "value")).toBe(last === "" ? null : last);
    last = randomUUID();
    await app.call("set", "value", last);
    await killAppAndEngine(app, dataDir);
  }
  const app = startApp({ dataDir });
  expect(await app.call("get", "value")).toBe(last);
  await app.end();
}

describe.concurrent("SIGKILL right after an acknowledged write", () => {
  // 2 x 10 kills of app and engine.
  it("loses nothing, ten times in a row", { timeout: 150_000 }, expectValuesToSurvive);
  it("loses nothing, ten times in a row, in another folder", { timeout: 150_000 }, expectValuesToSurvive);
});

describe("the end of the app", () => {
  it("ends the engine, also when the app was killed", async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("set", "value", 1);
    expect(findEngines(dataDir)).toHaveLength(1);

    await app.kill();

    await waitForNoProcess(dataDir, 5_000);
  });

  it("leaves no process behind after host().stop()", async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("set", "value", "kept");
    expect(findEngines(dataDir)).toHaveLength(1);

    await app.call("stop");

    await waitUntil(() => findEngines(dataDir).length === 0, { timeoutMs: 5_000, what: "the engine to end" });
    expect((await readEngineRecord(dataDir))?.pid).toBe(0);
    await app.end();
    await waitForNoProcess(dataDir, 5_000);

    const next = startApp({ dataDir });
    expect(await next.call("get", "value")).toBe("kept");
    await next.end();
  });

  it("a stopped app starts again when it is asked for something", async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    const endpoint = await app.call("start");
    await app.call("stop");

    expect(await app.call("start")).toBe(endpoint);
    expect(findEngines(dataDir)).toHaveLength(1);

    await app.end();
  });
});
