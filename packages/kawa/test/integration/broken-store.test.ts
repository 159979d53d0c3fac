import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { FrozenDisk, reasonForNoFrozenDisk } from "./support/frozen-disk.ts";
import { killProcesses, readEngineRecord, signalProcess, waitUntil } from "./support/processes.ts";
import { reasonForNoDisk, SmallDisk } from "./support/small-disk.ts";

const isLinux = process.platform === "linux";

/** What a user of the app saw of one write. */
type Attempt = { readonly value: number; readonly code?: string; readonly message?: string };

async function attempt(app: App, value: number): Promise<Attempt> {
  try {
    await app.call("set", "value", value);
    return { value };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { value, code: code ?? "none", message };
  }
}

/** Writes one value after the other, until one of them has come out as it should. */
async function writeUntil(app: App, from: number, isDone: (attempt: Attempt) => boolean): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  await waitUntil(
    async () => {
      attempts.push(await attempt(app, from + attempts.length));
      return isDone(attempts.at(-1)!);
    },
    { timeoutMs: 60_000, what: "a write that comes out as it should" },
  );
  return attempts;
}

const isStored = ({ code }: Attempt): boolean => code === undefined;

async function enginePid(dataDir: string): Promise<number> {
  return (await readEngineRecord(dataDir))!.pid;
}

async function waitForNextEngine(dataDir: string, before: number): Promise<void> {
  const isNext = async (): Promise<boolean> => ((await readEngineRecord(dataDir))?.pid ?? before) !== before;
  await waitUntil(isNext, { timeoutMs: 60_000, what: "the next engine" });
}

describe.skipIf(reasonForNoDisk)(`a full disk${reasonForNoDisk ? ` (${reasonForNoDisk})` : ""}`, () => {
  /** Fills the disk, frees it when `refuse` has seen a refusal, and gives what is stored after a kill: the last write that was acknowledged. */
  const valueAfterRecovery = async (
    context: TestContext,
    refuse: (app: App, dataDir: string) => Promise<Attempt[]>,
  ): Promise<unknown> => {
    const disk = new SmallDisk(context, 48);
    const dataDir = join(disk.path, "data");
    const app = startApp({ dataDir });
    await app.call("set", "value", 0);
    disk.fill();

    const refused = await refuse(app, dataDir);
    const stored = refused.filter(isStored).at(-1)?.value ?? 0;
    // What visitors see is what is stored.
    expect(await app.call("peek", "value")).toBe(stored);
    expect(refused.at(-1)).toMatchObject({ code: "DISK_FAILED", message: expect.stringContaining("ENOSPC") });

    disk.free();
    const afterwards = await writeUntil(app, 1_000, isStored);
    expect(afterwards.at(-1)).toEqual({ value: 999 + afterwards.length });
    await app.kill();

    const next = startApp({ dataDir });
    const value = await next.call("get", "value");
    expect(value).toBe(999 + afterwards.length);
    await next.end();
    return value;
  };

  const untilRefused = (app: App): Promise<Attempt[]> => writeUntil(app, 1, ({ code }) => code === "DISK_FAILED");

  it(
    "refuses writes with the reason, and goes on by itself when there is room",
    { timeout: 180_000 },
    async (context) => {
      expect(await valueAfterRecovery(context, untilRefused)).toBeGreaterThanOrEqual(1_000);
    },
  );

  it(
    "goes on by itself when the engine's store is in an error, for which there is no other way",
    { timeout: 180_000 },
    async (context) => {
      const refuse = async (app: App): Promise<Attempt[]> => {
        // Its servers are cut off when it can store nothing about them: then nothing can be asked of an actor.
        await waitUntil(() => app.log.includes("takes no writes (ENOSPC)"), {
          timeoutMs: 60_000,
          what: "the engine's failure",
        });
        return untilRefused(app);
      };
      expect(await valueAfterRecovery(context, refuse)).toBeGreaterThanOrEqual(1_000);
    },
  );

  it("goes on by itself when the engine has ended meanwhile", { timeout: 180_000 }, async (context) => {
    const refuse = async (app: App, dataDir: string): Promise<Attempt[]> => {
      signalProcess(await enginePid(dataDir), "SIGKILL");
      return untilRefused(app);
    };
    expect(await valueAfterRecovery(context, refuse)).toBeGreaterThanOrEqual(1_000);
  });

  it("says so when an app is started on it", { timeout: 180_000 }, async (context) => {
    const disk = new SmallDisk(context, 48);
    const dataDir = join(disk.path, "data");
    const first = startApp({ dataDir });
    await first.call("set", "value", "kept");
    await first.kill();
    disk.fill();

    const second = startApp({ dataDir });
    await expect(second.call("start")).rejects.toMatchObject({
      code: "DISK_FAILED",
      message: expect.stringContaining("it is full"),
    });
    disk.free();
    expect(await second.call("get", "value")).toBe("kept");
    await second.end();
  });
});

describe.skipIf(reasonForNoFrozenDisk)(
  `a disk that becomes read-only${reasonForNoFrozenDisk ? ` (${reasonForNoFrozenDisk})` : ""}`,
  () => {
    it.each([
      ["for a moment", async () => {}],
      [
        "until the engine's store is in an error",
        (app: App) =>
          waitUntil(() => app.log.includes("takes no writes (EPERM)"), {
            timeoutMs: 60_000,
            what: "the engine's failure",
          }),
      ],
    ])(
      "refuses writes with the reason, and goes on by itself when it takes them again: %s",
      { timeout: 180_000 },
      async (_, whenBroken) => {
        const context = { onTestFinished };
        const disk = new FrozenDisk(context);
        const { dataDir } = disk;
        const app = startApp({ dataDir });
        await app.call("set", "value", 0);
        disk.freeze();

        const refused = await writeUntil(app, 1, ({ code }) => code === "DISK_FAILED");
        expect(refused.at(-1)).toMatchObject({ code: "DISK_FAILED", message: expect.stringMatching(/disk.*EPERM/) });
        await whenBroken(app);
        const stored = refused.filter(isStored).at(-1)?.value ?? 0;
        // What visitors see is what is stored.
        expect(await app.call("peek", "value")).toBe(stored);

        disk.thaw();
        const afterwards = await writeUntil(app, 1_000, isStored);
        await app.kill();

        const next = startApp({ dataDir });
        expect(await next.call("get", "value")).toBe(afterwards.at(-1)!.value);
        await next.end();
      },
    );

    it("says so when an app is started on it", { timeout: 180_000 }, async (context) => {
      const disk = new FrozenDisk(context);
      const { dataDir } = disk;
      const first = startApp({ dataDir });
      await first.call("set", "value", "kept");
      await first.kill();
      await killProcesses(dataDir);
      disk.freeze();

      const second = startApp({ dataDir });
      await expect(second.call("start")).rejects.toMatchObject({ code: "ENGINE_FOLDER_UNWRITABLE" });
      disk.thaw();
      expect(await second.call("get", "value")).toBe("kept");
      await second.end();
    });
  },
);

it.runIf(isLinux)(
  "starts an engine anew that can store nothing although the disk has room",
  { timeout: 180_000 },
  async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("set", "value", 0);
    const before = await enginePid(dataDir);
    // From now on each write to a file of its store fails.
    execFileSync("prlimit", ["--pid", String(before), "--fsize=1"]);

    await waitForNextEngine(dataDir, before);
    const attempts = await writeUntil(app, 1, isStored);
    await app.kill();

    const next = startApp({ dataDir });
    expect(await next.call("get", "value")).toBe(attempts.length);
    await next.end();
  },
);

describe.runIf(isLinux)("an engine that hangs", () => {
  it("is started anew, and loses nothing", { timeout: 180_000 }, async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("set", "value", 0);
    const before = await enginePid(dataDir);
    signalProcess(before, "SIGSTOP");

    await waitForNextEngine(dataDir, before);
    const attempts = await writeUntil(app, 1, isStored);
    expect(await app.call("get", "value")).toBe(attempts.length);
    await app.end();
  });

  it("is started anew for another server of the folder too", { timeout: 180_000 }, async (context) => {
    const dataDir = await makeDataDir(context);
    const app = startApp({ dataDir });
    await app.call("set", "value", 0);
    const other = startApp({ dataDir });
    expect(await other.call("get", "value")).toBe(0);
    const before = await enginePid(dataDir);
    signalProcess(before, "SIGSTOP");

    await waitForNextEngine(dataDir, before);
    const attempts = await writeUntil(other, 1, isStored);
    await waitUntil(async () => (await app.call("get", "value")) === attempts.length, {
      timeoutMs: 60_000,
      what: "the value to arrive",
    });
    await Promise.all([app.end(), other.end()]);
  });
});
