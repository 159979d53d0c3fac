import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KawaError } from "../../core/errors/errors.ts";
import type { Journals } from "../journal/actor-journal.ts";
import { EngineFiles } from "../journal/engine-files.ts";
import { checkDisk, disk } from "./disk-room.ts";
import { checkHealth, checkStore, createNamespace, findNamespace, isHealthy, oldNamespace } from "./engine-api.ts";
import { isEngineAlive, mayTakeOver, recordOf } from "./engine-owner.ts";
import type { EngineFolder, EngineRecord } from "./folder.ts";
import { locked } from "./folder-lock.ts";
import { forgetEarlier, type Forgotten } from "./forget-earlier.ts";
import { isOfAnother, joinOrWaitForEnd, threadEnded, threadRestartMs } from "./join-engine.ts";
import { findEnginePort, isEnginePortFree } from "./ports.ts";
import { signalProcess, waitUntil } from "./processes.ts";
import { givenAdminToken, storesInFiles } from "./settings.ts";
import { type EngineProcess, spawnEngine } from "./spawn-engine.ts";
import { hideNamespace } from "./store-tool.ts";
import { whenDiskTakesWrites, whenStoreFails } from "./store-watch.ts";

const startTimeoutMs = 20_000;
const stopTimeoutMs = 4_000;
const watchIntervalMs = 500;
const restartDelaysMs = [0, 100, 500, 2_000, 5_000];
/** An engine that ran this long was well: its crash starts the delays anew. */
const stableMs = 30_000;
/** As {@link engineEnvironment} says, and a little less. */
const actorPatienceMs = 2_000;
/** A runner then waits for 8 s until it tries again, and for twice as long the next time. */
const runnerPatienceMs = 7_000;

export type EmbeddedEngineOptions = {
  folder: EngineFolder;
  /**
   * Port to listen on; it must be free. An engine that another process of the folder runs already keeps its own.
   *
   * @default the port that the folder remembers, else a free one
   */
  port?: number;
  /** Called when this thread has started an engine that others ran, or when it was away for so long that its servers rarely try to reach it. */
  onReturn?: () => void;
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
  readonly #files: EngineFiles;
  readonly #port: number;
  readonly #onReturn: () => void;
  #process: EngineProcess | undefined;
  #stopping = false;
  readonly #stop = new AbortController();
  #watch: Promise<void>;

  private constructor(
    { folder, adminToken, onReturn = () => {} }: Wanted,
    { namespace, port, started }: StartedWithNamespace,
  ) {
    this.#onReturn = onReturn;
    this.#folder = folder;
    this.#files = new EngineFiles({
      path: folder.path,
      dataPath: folder.dataPath,
      onFailure: () => endEngineOf(folder),
    });
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
   * @throws {KawaError} DISK_FAILED - the disk is full, read-only or broken
   * @throws {KawaError} ENGINE_BINARY_MISSING, ENGINE_PLATFORM_UNSUPPORTED
   */
  static async start(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
    const { folder } = options;
    const adminToken = givenAdminToken() ?? folder.adminToken();
    const wanted = { ...options, adminToken };
    if (storesInFiles(folder.dataPath)) disk.folder = folder;
    await checkDisk();
    return new EmbeddedEngine(wanted, await locked(folder, () => startWithNamespace(wanted)));
  }

  /** Where journals of its actors are; undefined where it stores in a database, which may outlive the files here. */
  get journals(): Journals | undefined {
    return storesInFiles(this.#folder.dataPath) ? { path: this.#folder.journalPath, engine: this.#files } : undefined;
  }

  /** Whether this thread has started the engine. */
  get isOwn(): boolean {
    return this.#process !== undefined;
  }

  /** Stops the engine if this thread has started it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stop.abort();
    await this.#endOwn();
    await this.#watch;
    // One that was being started meanwhile.
    await this.#endOwn();
  }

  async #endOwn(): Promise<void> {
    if (!this.#process) return;
    await endProcess(this.#process);
    this.#process = undefined;
    // What is there instead is another app's.
    if (this.#folder.isGone) return;
    try {
      this.#folder.writeRecord({ pid: 0, port: this.#port, ownerPid: 0 });
    } catch {
      // Of a full disk: whoever reads the old record finds that its engine has ended.
    }
  }

  async #supervise(): Promise<void> {
    let failures = 0;
    let since = Date.now();
    while (!this.#stopping) {
      const isShared = this.#process === undefined;
      const isBroken = await this.#whenGone();
      if (this.#stopping) return;
      // Another process may have started one meanwhile, whose record is not ours to change.
      this.#process = undefined;
      const endedAt = performance.now();
      await whenDiskTakesWrites(this.#folder, this.#stop.signal);
      if (Date.now() - since > stableMs) failures = 0;
      await sleep(restartDelaysMs[Math.min(failures, restartDelaysMs.length - 1)]!, undefined, {
        signal: this.#stop.signal,
      }).catch(() => {});
      if (this.#stopping) return;
      failures += 1;
      since = Date.now();
      try {
        // The same port: runners and replicas reconnect to the endpoint that they know.
        const wanted = { folder: this.#folder, adminToken: this.adminToken, port: this.#port };
        // Servers that were without an engine for longer have ended their actors, which the store does not know.
        const isAwayFor = (ms: number): boolean => isBroken || performance.now() - endedAt > ms;
        const { started } = await locked(this.#folder, () =>
          startOrJoin(wanted, { withServers: isAwayFor(actorPatienceMs) }),
        );
        this.#process = started;
        if (this.#stopping) return;
        console.warn(`[kawa] The embedded engine had ended and runs again (log: ${this.#folder.logPath}).`);
        if (isAwayFor(runnerPatienceMs) || (started && isShared)) this.#onReturn();
      } catch (error) {
        console.error("[kawa] The embedded engine could not be restarted; retrying:", error);
      }
    }
  }

  /** Resolves when the engine is gone, with whether it stored nothing any more before. */
  async #whenGone(): Promise<boolean> {
    const gone = new AbortController();
    const own = this.#process;
    let isBroken = false;
    const access = { port: this.#port, adminToken: this.adminToken };
    // A database that is away does not come back with another engine.
    const isInFiles = storesInFiles(this.#folder.dataPath);
    const check = (): Promise<void> => (isInFiles ? checkStore(access, this.namespace) : checkHealth(this.#port));
    const signal = AbortSignal.any([gone.signal, this.#stop.signal]);
    void whenStoreFails({ check, folder: this.#folder, signal }).then((failure) => {
      if (failure === undefined) return;
      isBroken = true;
      // Another process looks after its own engine.
      if (!own) return;
      console.error(`[kawa] The embedded engine no longer stores writes, so it restarts: ${failure}`);
      signalProcess(own.pid, "SIGKILL");
    });
    await (own?.exited ?? this.#lostShared());
    gone.abort();
    return isBroken;
  }

  async #lostShared(): Promise<void> {
    let goneSince = Infinity;
    let isTold = false;
    while (!this.#stopping) {
      goneSince = (await isHealthy(this.#port)) ? Infinity : Math.min(goneSince, performance.now());
      const goneForMs = performance.now() - goneSince;
      if (mayTakeOver(this.#folder.readRecord(), goneForMs)) return;
      if (goneForMs > threadRestartMs && !isTold) {
        isTold = true;
        console.error(`[kawa] ${threadEnded().message}`);
      }
      await sleep(watchIntervalMs, undefined, { ref: false });
    }
  }
}

type Started = { readonly port: number; readonly started: EngineProcess | undefined };

type Wanted = EmbeddedEngineOptions & { readonly adminToken: string };

async function startOrJoin({ folder, adminToken, port: askedPort }: Wanted, forgotten: Forgotten): Promise<Started> {
  const record = folder.readRecord();
  if (record && record.pid > 0 && (await joinOrWaitForEnd(record, adminToken)))
    return { port: record.port, started: undefined };
  // Another process of this folder looks for the engine where it was.
  const fixedPort = record && isOfAnother(record) ? record.port : askedPort;
  const port = fixedPort ?? (await choosePort(record));
  if (fixedPort !== undefined && !(await waitUntil(() => isEnginePortFree(fixedPort), 1_000))) {
    throw new KawaError(
      "ENGINE_PORT_TAKEN",
      `The embedded engine cannot listen on port ${fixedPort}: another program uses it. ` +
        `Stop that program; the engine starts as soon as the port is free.`,
      { data: { port: fixedPort } },
    );
  }
  if (existsSync(join(folder.dataPath, "CURRENT"))) await forgetEarlier(folder, forgotten);
  return { port, started: await startProcess(folder, port, adminToken) };
}

type StartedWithNamespace = Started & { readonly namespace: string };

async function startWithNamespace(wanted: Wanted): Promise<StartedWithNamespace> {
  // Of another process that lives and has lost its engine, the actors start anew too: once, and nothing is lost.
  const first = await startOrJoin(wanted, { withServers: true });
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
  if (found === undefined) {
    folder.forgetNamespaceOfOriginal();
    return { ...first, namespace: await createNamespace({ port, adminToken }) };
  }
  // While another process runs the engine, its actors are in there.
  const mustHide = found === oldNamespace || (folder.hasNamespaceOfOriginal && storesInFiles(folder.dataPath));
  if (!mustHide || !first.started) return { ...first, namespace: found };
  await endProcess(first.started);
  const namespace = await hideNamespace(folder, found);
  folder.forgetNamespaceOfOriginal();
  await forgetEarlier(folder, { withServers: true });
  return { port, namespace, started: await startProcess(folder, port, adminToken) };
}

async function endProcess({ pid, exited }: EngineProcess): Promise<void> {
  signalProcess(pid, "SIGTERM");
  const timer = setTimeout(() => signalProcess(pid, "SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}

/** Whoever supervises it starts it again. */
function endEngineOf(folder: EngineFolder): void {
  if (folder.isGone) return;
  const record = folder.readRecord();
  if (record && record.pid > 0 && isEngineAlive(record)) signalProcess(record.pid, "SIGKILL");
}

async function startProcess(folder: EngineFolder, port: number, adminToken: string): Promise<EngineProcess> {
  const engine = await spawnEngine(folder, { port, adminToken });
  try {
    folder.writeRecord(recordOf(engine.pid || -1, port));
  } catch (error) {
    // Nobody would know of it.
    signalProcess(engine.pid, "SIGKILL");
    throw error;
  }
  let ended = false;
  void engine.exited.then(() => (ended = true));
  const ready = await waitUntil(async () => ended || (await isHealthy(port)), startTimeoutMs);
  if (!ready || ended) {
    signalProcess(engine.pid, "SIGKILL");
    await checkDisk();
    throw new KawaError(
      "ENGINE_START_FAILED",
      `The embedded engine ${ended ? "ended at start" : `did not answer within ${startTimeoutMs} ms`}. ` +
        `Its log is ${folder.logPath} and ends with:\n${folder.lastLogLines(5)}`,
    );
  }
  return engine;
}

async function choosePort(record: EngineRecord | undefined): Promise<number> {
  if (record && (await isEnginePortFree(record.port))) return record.port;
  return findEnginePort();
}
