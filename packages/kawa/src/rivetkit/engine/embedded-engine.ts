import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KawaError } from "../../core/errors.ts";
import { processState } from "../../core/process-state.ts";
import type { EngineFolder, EngineRecord } from "./folder.ts";
import { findEnginePort, isEnginePortFree } from "./ports.ts";
import { isAlive, isEngineProcess, signalProcess, waitUntil } from "./processes.ts";
import { storesInFiles } from "./settings.ts";
import { forgetEarlierEngines, type EngineProcess, spawnEngine } from "./spawn-engine.ts";

const startTimeoutMs = 20_000;
const stopTimeoutMs = 4_000;
const watchIntervalMs = 500;
const restartDelaysMs = [0, 100, 500, 2_000, 5_000];
/** An engine that ran this long was well: its crash starts the delays anew. */
const stableMs = 30_000;

export type EmbeddedEngineOptions = {
  folder: EngineFolder;
  /**
   * Port to listen on; it must be free. An engine that another process of the folder runs already keeps its own.
   *
   * @default the port that the folder remembers, else a free one
   */
  port?: number;
};

/**
 * The engine of a project folder, for as long as this process lives: started here, or shared with another process of the
 * same folder, and started again whenever it is gone.
 */
export class EmbeddedEngine {
  readonly endpoint: string;
  readonly #folder: EngineFolder;
  readonly #port: number;
  #process: EngineProcess | undefined;
  #stopping = false;
  #watch: Promise<void>;

  private constructor(folder: EngineFolder, port: number, started: EngineProcess | undefined) {
    this.#folder = folder;
    this.#port = port;
    this.#process = started;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#watch = this.#supervise();
  }

  /**
   * @throws {KawaError} ENGINE_PORT_TAKEN - another program listens on the asked port
   * @throws {KawaError} ENGINE_START_FAILED - the engine ended or did not answer; the message has its last log lines
   * @throws {KawaError} ENGINE_BINARY_MISSING, ENGINE_PLATFORM_UNSUPPORTED
   */
  static async start(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
    const { folder } = options;
    const { port, started } = await locked(folder, () => startOrJoin(folder, options.port));
    return new EmbeddedEngine(folder, port, started);
  }

  /** Folder for journals of its actors; undefined where it stores in a database, which may outlive the files here. */
  get journalPath(): string | undefined {
    return storesInFiles(this.#folder.dataPath) ? this.#folder.journalPath : undefined;
  }

  /** Stops the engine if this process started it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const running = this.#process;
    if (running) {
      signalProcess(running.pid, "SIGTERM");
      const timer = setTimeout(() => signalProcess(running.pid, "SIGKILL"), stopTimeoutMs);
      await running.exited;
      clearTimeout(timer);
      this.#process = undefined;
      this.#folder.writeRecord({ pid: 0, port: this.#port, ownerPid: 0 });
    }
    await this.#watch;
  }

  async #supervise(): Promise<void> {
    let failures = 0;
    let since = Date.now();
    for (;;) {
      if (this.#process) await this.#process.exited;
      else await this.#lostShared();
      if (this.#stopping) return;
      if (Date.now() - since > stableMs) failures = 0;
      await sleep(restartDelaysMs[Math.min(failures, restartDelaysMs.length - 1)]!);
      failures += 1;
      since = Date.now();
      this.#process = undefined;
      try {
        // The same port: runners and replicas reconnect to the endpoint that they know.
        const { started } = await locked(this.#folder, () => startOrJoin(this.#folder, this.#port));
        this.#process = started;
        if (this.#stopping && started) signalProcess(started.pid, "SIGTERM");
        console.warn(`[kawa] The embedded engine was gone and runs again (log: ${this.#folder.logPath}).`);
      } catch (error) {
        console.error("[kawa] The embedded engine could not be restarted; trying again:", error);
      }
    }
  }

  async #lostShared(): Promise<void> {
    while (!this.#stopping && (await isHealthy(this.#port))) {
      await sleep(watchIntervalMs, undefined, { ref: false });
    }
  }
}

type Started = { readonly port: number; readonly started: EngineProcess | undefined };

async function startOrJoin(folder: EngineFolder, askedPort: number | undefined): Promise<Started> {
  const record = folder.readRecord();
  if (record && record.pid > 0) {
    const shared = await joinOrWaitForEnd(record);
    if (shared) return shared;
  }
  // Another process of this folder looks for the engine where it was.
  const fixedPort = record && isOfAnother(record) ? record.port : askedPort;
  const port = fixedPort ?? (await choosePort(record));
  if (fixedPort !== undefined && !(await waitUntil(() => isEnginePortFree(fixedPort), 1_000))) {
    throw new KawaError(
      "ENGINE_PORT_TAKEN",
      `The embedded engine cannot listen on port ${fixedPort}: it, ${fixedPort + 1} or ${fixedPort + 10} is in use. ` +
        `Stop the other program; the engine is started as soon as the port is free.`,
      { data: { port: fixedPort } },
    );
  }
  if (existsSync(join(folder.dataPath, "CURRENT"))) await forgetEarlierEngines(folder, port);
  return { port, started: await startProcess(folder, port) };
}

async function startProcess(folder: EngineFolder, port: number): Promise<EngineProcess> {
  const engine = await spawnEngine(folder, port);
  folder.writeRecord({ pid: engine.pid || -1, port, ownerPid: process.pid });
  let ended = false;
  void engine.exited.then(() => (ended = true));
  const ready = await waitUntil(async () => ended || (await isHealthy(port)), startTimeoutMs);
  if (!ready || ended) {
    signalProcess(engine.pid, "SIGKILL");
    throw new KawaError(
      "ENGINE_START_FAILED",
      `The embedded engine ${ended ? "ended at start" : `did not answer within ${startTimeoutMs} ms`}. ` +
        `Its log is ${folder.logPath} and ends with:\n${folder.lastLogLines(5)}`,
    );
  }
  return engine;
}

/** Whether a process beside this one runs the engine, whatever port was asked for: the store can have one engine only. */
function isOfAnother(record: EngineRecord): boolean {
  return record.pid !== 0 && record.ownerPid !== process.pid && isAlive(record.ownerPid);
}

async function joinOrWaitForEnd(record: EngineRecord): Promise<Started | undefined> {
  const canJoin = isOfAnother(record) && isEngineProcess(record.pid);
  if (canJoin && (await isHealthy(record.port))) return { port: record.port, started: undefined };
  // Its owner has ended, or is ending.
  const gone = await waitUntil(() => !isEngineProcess(record.pid), stopTimeoutMs);
  if (!gone) {
    signalProcess(record.pid, "SIGKILL");
    await waitUntil(() => !isEngineProcess(record.pid), stopTimeoutMs);
  }
  return undefined;
}

async function choosePort(record: EngineRecord | undefined): Promise<number> {
  if (record && (await isEnginePortFree(record.port))) return record.port;
  return findEnginePort();
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1_000) });
    return response.ok && ((await response.json()) as { runtime?: string }).runtime === "engine";
  } catch {
    return false;
  }
}

const heldLocks = processState("engine-locks", () => new Set<string>());

/** Runs `work` while nobody else starts an engine in this folder. */
async function locked<T>(folder: EngineFolder, work: () => Promise<T>): Promise<T> {
  const path = folder.lockPath;
  const take = (): boolean => {
    if (heldLocks.has(path)) return false;
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return true;
    } catch {
      const holder = lockHolder(path);
      // A lock with our own number that we do not hold is from an earlier life: in a container numbers repeat.
      if (holder !== undefined && (holder === process.pid || !isAlive(holder))) rmSync(path, { force: true });
      return false;
    }
  };
  if (!(await waitUntil(take, startTimeoutMs + stopTimeoutMs))) {
    throw new KawaError(
      "ENGINE_START_FAILED",
      `Another process has been starting the engine of ${folder.path} for too long. End process ${lockHolder(path)}, or delete ${path}.`,
    );
  }
  heldLocks.add(path);
  try {
    return await work();
  } finally {
    heldLocks.delete(path);
    rmSync(path, { force: true });
  }
}

/** Undefined when the lock is gone, or was made a moment ago and is not written yet. */
function lockHolder(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
