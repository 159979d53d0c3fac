import { randomUUID } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
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

/** Increments until the app is gone; gives how many were acknowledged, and how many were asked for. */
async function incrementUntilKilled(app: App, count: number): Promise<{ acknowledged: number; asked: number }> {
  const done = { acknowledged: 0, asked: 0 };
  let hasEnough = (): void => {};
  const enough = new Promise<void>((resolve) => (hasEnough = resolve));
  const lane = async (): Promise<void> => {
    for (;;) {
      done.asked += 1;
      await app.call("increment", "count", 1);
      done.acknowledged += 1;
      if (done.acknowledged === count) hasEnough();
    }
  };
  const lanes = Array.from({ length: 16 }, () => lane().catch(() => {}));
  await enough;
  await app.kill();
  await Promise.all(lanes);
  return done;
}

describe("SIGKILL in the middle of writing", () => {
  it("loses no write that was acknowledged, and applies none twice", { timeout: 120_000 }, async (context) => {
    const dataDir = await makeDataDir(context);
    let [least, most] = [0, 0];
    for (let round = 1; round <= 5; round += 1) {
      const app = startApp({ dataDir });
      const { acknowledged, asked } = await incrementUntilKilled(app, round * 100);
      least += acknowledged;
      most += asked;
      await waitForNoProcess(dataDir, 10_000);
    }
    const app = startApp({ dataDir });
    const count = (await app.call("get", "count")) as number;
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
    await app.end();
  });

  it("loses nothing for another process of the folder, which takes over", { timeout: 120_000 }, async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("increment", "count", 1);
    const other = startApp({ dataDir });
    expect(await other.call("get", "count")).toBe(1);

    const { acknowledged, asked } = await incrementUntilKilled(app, 500);

    const count = await other.call("increment", "count", 1);
    expect(count).toBeGreaterThanOrEqual(2 + acknowledged);
    expect(count).toBeLessThanOrEqual(2 + asked);
    await other.end();
  });
});

it("keeps what was acknowledged while the engine did not answer", { timeout: 60_000 }, async (context) => {
  const dataDir = await makeDataDir(context);
  const app = startApp({ dataDir });
  await app.call("set", "value", "before");
  signalProcess((await readEngineRecord(dataDir))!.pid, "SIGSTOP");

  await app.call("set", "value", "meanwhile");
  await killAppAndEngine(app, dataDir);

  const next = startApp({ dataDir });
  expect(await next.call("get", "value")).toBe("meanwhile");
  await next.end();
});

/** Of what was committed and the engine does not store. */
function journalSizes(dataDir: string): number[] {
  const folder = join(dataDir, "journal");
  return readdirSync(folder).flatMap((actor) => readdirSync(join(folder, actor)).map((name) => statSync(join(folder, actor, name)).size));
}

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
    expect(journalSizes(dataDir)).toEqual([0]);
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
