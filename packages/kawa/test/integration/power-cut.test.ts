import { cp, mkdtemp, rm, stat } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { readEngineRecord, signalProcess, waitForNoProcess } from "./support/processes.ts";

const preload = join(import.meta.dirname, "support/keep-flushed.ts");
const roundCount = 2;

async function makeFlushedDir({ onTestFinished }: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "kawa-flushed-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Everything ends at once, and the disk has what was flushed, and nothing else. Gives how many bytes of the engine's store are gone. */
async function cutPower(app: App, dataDir: string, flushedDir: string): Promise<number> {
  signalProcess((await readEngineRecord(dataDir))!.pid, "SIGKILL");
  await app.kill();
  await waitForNoProcess(dataDir, 10_000);
  const lost = (await bytesOf(join(dataDir, "data"))) - (await bytesOf(join(flushedDir, "data")));
  for (const name of readdirSync(dataDir)) await rm(join(dataDir, name), { recursive: true });
  await cp(flushedDir, dataDir, { recursive: true });
  return lost;
}

async function bytesOf(folder: string): Promise<number> {
  const sizes = readdirSync(folder)
    .filter((name) => !name.startsWith("LOG"))
    .map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

type Work = (app: App, round: number) => Promise<void>;

/** Gives how many bytes the cuts have taken away. */
async function survive(
  context: TestContext,
  work: Work,
  check: (app: App, rounds: number) => Promise<void>,
): Promise<number> {
  const dataDir = await makeDataDir(context);
  const flushedDir = await makeFlushedDir(context);
  let lost = 0;
  for (let round = 1; round <= roundCount; round += 1) {
    const app = startApp({ dataDir, preload, env: { FLUSHED_DIR: flushedDir } });
    await check(app, round - 1);
    await work(app, round);
    lost += await cutPower(app, dataDir, flushedDir);
  }
  const app = startApp({ dataDir });
  await check(app, roundCount);
  await app.end();
  return lost;
}

describe("a power cut, after which the disk has only what was flushed", () => {
  it(
    "loses no write that was acknowledged, from the first one of a new folder on",
    { timeout: 150_000 },
    async (context) => {
      const lost = await survive(
        context,
        async (app, round) => void (await app.call("set", "value", round)),
        async (app, rounds) => expect(await app.call("get", "value")).toBe(rounds === 0 ? null : rounds),
      );
      // Else nothing was cut.
      expect(lost).toBeGreaterThan(0);
    },
  );

  it("applies no increment twice", { timeout: 150_000 }, async (context) => {
    await survive(
      context,
      async (app) => void (await app.call("incrementInGroups", "count", 200, 20)),
      async (app, rounds) => expect(await app.call("get", "count")).toBe(rounds === 0 ? null : rounds * 200),
    );
  });

  it("loses nothing of what was given up in the journal, or never was in it", { timeout: 150_000 }, async (context) => {
    const keys = Array.from({ length: 60 }, (_, index) => `key${index}`);
    const valueOf = (round: number, index: number): string => `${round} ${index} ${"x".repeat(60_000)}`;
    await survive(
      context,
      async (app, round) => {
        await Promise.all(keys.map((key, index) => app.call("set", key, valueOf(round, index))));
        await app.call("set", "key0", valueOf(round, 0));
      },
      async (app, rounds) => {
        const values = await Promise.all(keys.map((key) => app.call("get", key)));
        expect(values).toEqual(keys.map((_, index) => (rounds === 0 ? null : valueOf(rounds, index))));
      },
    );
  });
});
