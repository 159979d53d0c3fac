import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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

/** An engine that trusts servers for so long never finds out by itself that one was killed. */
const patientEngine = {
  RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: "3600000",
  RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD: "3600000",
  RIVET__PEGBOARD__ACTOR_START_THRESHOLD: "3600000",
};

it("waits for no server that was killed", { timeout: 120_000 }, async (context) => {
  const dataDir = await makeDataDir(context);
  for (let round = 0; round < 4; round += 1) {
    const app = startApp({ dataDir, env: patientEngine });
    expect(await app.call("increment", "count", 1)).toBe(round + 1);
    await killAppAndEngine(app, dataDir);
  }
});

it("waits for no server that was killed at its first start", { timeout: 120_000 }, async (context) => {
  const dataDir = await makeDataDir(context);
  const first = startApp({ dataDir, env: patientEngine });
  // It has a server now, and no actor yet.
  await first.call("start");
  await killAppAndEngine(first, dataDir);

  const second = startApp({ dataDir, env: patientEngine });
  expect(await second.call("increment", "count", 1)).toBe(1);
  await second.end();
});

/** `KAWA_FIRST_START_ROUNDS=60` plays more of them, and prints how long each next start took. */
const firstStartRounds = Number(process.env["KAWA_FIRST_START_ROUNDS"] ?? 3);
const victims = ["app", "engine", "both"] as const;

type NextStart = {
  /** From the question for the value to the answer. */
  readonly tookMs: number;
  readonly value: unknown;
  /** Else what was written may be missing. */
  readonly isAcknowledged: boolean;
  /** After one more start, of what was written then. */
  readonly later: unknown;
  readonly log: string;
};

/** Kills at some moment of a first start, then asks for the value that it was writing. */
async function interruptFirstStart(context: TestContext, victim: (typeof victims)[number]): Promise<NextStart> {
  const dataDir = await makeDataDir(context);
  const app = startApp({ dataDir });
  await app.call("peek", "value");
  const first = app.call("set", "value", "first").then(
    () => true,
    () => false,
  );
  let isAcknowledged = false;
  void first.then((is) => (isAcknowledged = is));
  await Promise.race([sleep(Math.random() * 3_000), first]);
  const mustHaveValue = isAcknowledged;
  if (victim !== "app") for (const { pid } of findEngines(dataDir)) signalProcess(pid, "SIGKILL");
  if (victim !== "engine") await app.kill();

  const next = victim === "engine" ? app : startApp({ dataDir });
  // A busy machine takes seconds to load its modules.
  await next.call("peek", "value");
  const startedAt = performance.now();
  const value = await next.call("get", "value");
  const tookMs = performance.now() - startedAt;
  await next.call("set", "value", "second");
  await next.end();

  const last = startApp({ dataDir });
  const later = await last.call("get", "value");
  await last.end();
  return { tookMs, value, isAcknowledged: mustHaveValue, later, log: next.log };
}

it("goes on after a first start that was killed half-way", { timeout: 60_000 * firstStartRounds }, async (context) => {
  for (let round = 0; round < firstStartRounds; round += 1) {
    const victim = victims[round % victims.length]!;
    const { tookMs, value, isAcknowledged, later, log } = await interruptFirstStart(context, victim);
    expect(isAcknowledged ? ["first"] : ["first", null]).toContain(value);
    expect(later).toBe("second");
    // Else the engine waits half a minute for the one before.
    expect(log).not.toContain("does not know that its previous engine has ended");
    if (process.env["KAWA_FIRST_START_ROUNDS"])
      console.log(`${victim} killed: next value after ${Math.round(tookMs)} ms`);
  }
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

it(
  "does not begin with an empty store where values were, until somebody says so",
  { timeout: 120_000 },
  async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("set", "value", "kept");
    await app.end();
    await rm(join(dataDir, "data"), { recursive: true });

    const without = startApp({ dataDir });
    await expect(without.call("get", "value")).rejects.toMatchObject({ code: "STORE_INCOMPLETE" });
    expect(without.log).toContain("STORE_INCOMPLETE");
    await without.end();

    await rm(join(dataDir, "journal"), { recursive: true });
    const next = startApp({ dataDir });
    expect(await next.call("get", "value")).toBeNull();
    await next.end();
  },
);

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

    // An actor that is slow to end still finds its journal.
    expect(await app.call("journals")).toBe(join(dataDir, "journal"));
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
