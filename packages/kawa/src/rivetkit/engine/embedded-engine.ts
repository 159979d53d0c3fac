import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KawaError } from "../../core/errors.ts";
import { createNamespace, findNamespace, isHealthy, obeys, oldNamespace } from "./engine-api.ts";
import type { EngineFolder, EngineRecord } from "./folder.ts";
import { locked } from "./folder-lock.ts";
import { findEnginePort, isEnginePortFree } from "./ports.ts";
import { isAlive, isEngineProcess, signalProcess, waitUntil } from "./processes.ts";
import { givenAdminToken, storesInFiles } from "./settings.ts";
import { type EngineProcess, spawnEngine } from "./spawn-engine.ts";
import { forgetEarlierEngines, hideNamespace } from "./store-tool.ts";

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
  /** The engine obeys whoever has it, and nobody else. */
  readonly adminToken: string;
  /** Of Kawa's actors. The engine's gateway leads everybody to them who knows the name. */
  readonly namespace: string;
  readonly #folder: EngineFolder;
  readonly #port: number;
  #process: EngineProcess | undefined;
  #stopping = false;
  #watch: Promise<void>;

  private constructor({ folder, adminToken }: Wanted, namespace: string, { port, started }: Started) {
    this.#folder = folder;
    this.#port = port;
    this.#process = started;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.adminToken = adminToken;
    this.namespace = namespace;
    this.#watch = this.#supervise();
  }

  /**
   * @throws {KawaError} ENGINE_PORT_TAKEN - another program listens on the asked port
   * @throws {KawaError} ENGINE_START_FAILED - the engine ended or did not answer; the message has its last log lines
   * @throws {KawaError} ENGINE_BINARY_MISSING, ENGINE_PLATFORM_UNSUPPORTED
   */
  static async start(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
    const { folder } = options;
    const adminToken = givenAdminToken() ?? folder.adminToken();
    const wanted = { folder, adminToken, port: options.port };
    const { namespace, ...started } = await locked(folder, () => startWithNamespace(wanted));
    return new EmbeddedEngine(wanted, namespace, started);
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
      await endProcess(running);
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
        const { started } = await locked(this.#folder, () =>
          startOrJoin({ folder: this.#folder, adminToken: this.adminToken, port: this.#port }),
        );
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

type Wanted = { readonly folder: EngineFolder; readonly adminToken: string; readonly port: number | undefined };

async function startOrJoin({ folder, adminToken, port: askedPort }: Wanted): Promise<Started> {
  const record = folder.readRecord();
  if (record && record.pid > 0) {
    const shared = await joinOrWaitForEnd(record);
    if (shared) {
      await checkShared(record, adminToken);
      return shared;
    }
  }
  // Another process of this folder looks for the engine where it was.
  const fixedPort = record && isOfAnother(record) ? record.port : askedPort;
  const port = fixedPort ?? (await choosePort(record));
  if (fixedPort !== undefined && !(await waitUntil(() => isEnginePortFree(fixedPort), 1_000))) {
    throw new KawaError(
      "ENGINE_PORT_TAKEN",
      `The embedded engine cannot listen on port ${fixedPort}: another program uses it. ` +
        `Stop that program; the engine is started as soon as the port is free.`,
      { data: { port: fixedPort } },
    );
  }
  if (existsSync(join(folder.dataPath, "CURRENT"))) await forgetEarlierEngines(folder);
  return { port, started: await startProcess(folder, port, adminToken) };
}

/** @throws {KawaError} ENGINE_START_FAILED - it asks for another token than this folder has */
async function checkShared({ port, ownerPid }: EngineRecord, adminToken: string): Promise<void> {
  if (!(await obeys(port, adminToken))) {
    throw new KawaError(
      "ENGINE_START_FAILED",
      `The engine that process ${ownerPid} runs asks for another token than this process has (admin-token, or RIVET__AUTH__ADMIN_TOKEN). End that process.`,
    );
  }
  if (await obeys(port, undefined)) {
    console.warn(
      `[kawa] The engine that process ${ownerPid} runs obeys everybody on this machine: that process has an older version of Kawa. Restart it.`,
    );
  }
}

type StartedWithNamespace = Started & { readonly namespace: string };

async function startWithNamespace(wanted: Wanted): Promise<StartedWithNamespace> {
  const first = await startOrJoin(wanted);
  try {
    return await settleNamespace(wanted, first);
  } catch (error) {
    if (first.started) await endProcess(first.started);
    throw error;
  }
}

/** Says in which namespace the actors live, and closes one whose name everybody knows. */
async function settleNamespace({ folder, adminToken }: Wanted, first: Started): Promise<StartedWithNamespace> {
  const { port } = first;
  const found = await findNamespace({ port, adminToken });
  if (found === undefined) return { ...first, namespace: await createNamespace({ port, adminToken }) };
  // While another process runs the engine, its actors are in there.
  if (found !== oldNamespace || !first.started) return { ...first, namespace: found };
  await endProcess(first.started);
  const namespace = await hideNamespace(folder);
  await forgetEarlierEngines(folder);
  return { port, namespace, started: await startProcess(folder, port, adminToken) };
}

async function endProcess({ pid, exited }: EngineProcess): Promise<void> {
  signalProcess(pid, "SIGTERM");
  const timer = setTimeout(() => signalProcess(pid, "SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}

async function startProcess(folder: EngineFolder, port: number, adminToken: string): Promise<EngineProcess> {
  const engine = await spawnEngine(folder, { port, adminToken });
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
