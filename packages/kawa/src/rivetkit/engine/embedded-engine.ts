import { setTimeout as sleep } from "node:timers/promises";
import { backoff, type BackoffLimits } from "../../core/process/backoff.ts";
import type { Journals } from "../journal/actor-journal.ts";
import { EngineFiles } from "../journal/engine-files.ts";
import { checkDisk, disk } from "./disk-check.ts";
import type { EngineFolder } from "./folder.ts";
import { locked } from "./folder-lock.ts";
import { givenAdminToken, storesInFiles } from "./settings.ts";
import type { EngineProcess } from "./spawn-engine.ts";
import {
  endProcess,
  killEngineOf,
  startOrJoin,
  type StartedWithNamespace,
  startWithNamespace,
} from "./start-engine.ts";
import { whenDiskTakesWrites } from "./store-watch.ts";
import { whenEngineGone } from "./watch-engine.ts";

/** Delays of the restarts after the first one, which comes at once. */
const restarts: BackoffLimits = { firstMs: 100, maxMs: 5_000 };
/** An engine that ran this long was well: after its crash the delays begin anew. */
const stableMs = 30_000;
/**
 * After this a runner waits for 8 s until it tries again, and for twice as long the next time: it is started again, and its actors with it.
 */
const runnerPatienceMs = 7_000;

export type EmbeddedEngineOptions = {
  readonly folder: EngineFolder;
  /**
   * Port to listen on; it must be free. An engine that another process of the folder runs already keeps its own.
   *
   * @default the port that the folder remembers, else a free one
   */
  readonly port?: number | undefined;
  /**
   * Called when this thread has started an engine that others ran, and when a runner of this thread does not reach the engine by itself any
   * more (`isRunnerLost`): the engine was gone for so long that runners rarely try, or another thread of this process ran it.
   */
  readonly onReturn?: ((isRunnerLost: boolean) => void) | undefined;
};

/**
 *     own ───── its process has ended ──────▶ gone ── started again ───────────────────▶ own
 *     shared ── nobody else runs it ────────▶ gone ── joined, or could not be started ──▶ shared
 *
 *     stopped: from each of them, and for ever
 */
type State =
  /** This thread has started it. */
  | { readonly name: "own"; readonly process: EngineProcess }
  /** Another process or thread has started it, or its start has failed everywhere: this thread watches the address of the last one. */
  | { readonly name: "shared" }
  | { readonly name: "gone" }
  | { readonly name: "stopped" };

/**
 * The engine of a project folder, for as long as this process lives: started here, or shared with another process of the
 * same folder, and started again whenever it is gone.
 */
export class EmbeddedEngine {
  readonly endpoint: string;
  /** The engine refuses requests without it. */
  readonly adminToken: string;
  /** Namespace of Kawa's actors. Its name is a secret: the engine's gateway leads anybody who knows it to the actors. */
  readonly namespace: string;
  readonly #folder: EngineFolder;
  readonly #files: EngineFiles;
  readonly #port: number;
  readonly #onReturn: (isRunnerLost: boolean) => void;
  /** The process that runs the engine, as far as this one knows. */
  #ownerPid: number | undefined;
  readonly #stop = new AbortController();
  readonly #supervision: Promise<void>;
  #state: State;

  private constructor(
    { folder, adminToken, onReturn = () => {} }: EmbeddedEngineOptions & { readonly adminToken: string },
    { namespace, port, started }: StartedWithNamespace,
  ) {
    this.#onReturn = onReturn;
    this.#folder = folder;
    this.#ownerPid = folder.readRecord()?.ownerPid;
    this.#files = new EngineFiles({
      path: folder.path,
      dataPath: folder.dataPath,
      onFailure: () => killEngineOf(folder),
    });
    this.#port = port;
    this.#state = startedState(started);
    this.endpoint = `http://127.0.0.1:${port}`;
    this.adminToken = adminToken;
    this.namespace = namespace;
    this.#supervision = this.#supervise();
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

  /** Where its actors keep their journals; undefined where it stores in a database, which may outlive the files here. */
  get journals(): Journals | undefined {
    return storesInFiles(this.#folder.dataPath) ? { path: this.#folder.journalPath, engine: this.#files } : undefined;
  }

  /** Whether this thread has started the engine. */
  get isOwn(): boolean {
    return this.#state.name === "own";
  }

  /** Stops the engine if this thread has started it. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#endOwn();
    await this.#supervision;
    // Supervision may have started another engine meanwhile.
    await this.#endOwn();
    this.#state = { name: "stopped" };
  }

  async #endOwn(): Promise<void> {
    if (this.#state.name !== "own") return;
    await endProcess(this.#state.process);
    this.#state = { name: "stopped" };
    // The folder that is there instead belongs to another app.
    if (this.#folder.isGone) return;
    try {
      this.#folder.writeRecord({ pid: 0, port: this.#port, ownerPid: 0 });
    } catch {
      // The disk is full. A process that reads the old record finds that its engine has ended.
    }
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stop;
    let failureCount = 0;
    let since = Date.now();
    while (!signal.aborted) {
      const before = this.#state;
      const isBroken = await this.#whenGone(before);
      if (signal.aborted) return;
      // Another process may have started an engine meanwhile: its record is not ours to change.
      this.#state = { name: "gone" };
      const endedAt = performance.now();
      await whenDiskTakesWrites(this.#folder, signal);
      if (Date.now() - since > stableMs) failureCount = 0;
      await sleep(failureCount === 0 ? 0 : backoff(restarts, failureCount), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      failureCount += 1;
      since = Date.now();
      try {
        // Servers that were without an engine for longer start their actors anew, and the store does not know it.
        const isAwayFor = (ms: number): boolean => isBroken || performance.now() - endedAt > ms;
        const started = await this.#restart(isAwayFor(runnerPatienceMs));
        this.#state = startedState(started);
        if (signal.aborted) return;
        console.warn(`[kawa] The embedded engine had ended and runs again (log: ${this.#folder.logPath}).`);
        const wasShared = before.name === "shared";
        // RivetKit's native part is one for all threads, and ends with the thread that it answers.
        const isRunnerLost = isAwayFor(runnerPatienceMs) || (wasShared && this.#ownerPid === process.pid);
        this.#ownerPid = this.#folder.readRecord()?.ownerPid;
        if (isRunnerLost || (started && wasShared)) this.#onReturn(isRunnerLost);
      } catch (error) {
        this.#state = { name: "shared" };
        console.error("[kawa] The embedded engine could not be restarted; retrying:", error);
      }
    }
  }

  #whenGone(state: State): Promise<boolean> {
    return whenEngineGone({
      folder: this.#folder,
      access: { port: this.#port, adminToken: this.adminToken },
      namespace: this.namespace,
      own: state.name === "own" ? state.process : undefined,
      signal: this.#stop.signal,
    });
  }

  /** On the same port: runners and replicas connect again to the endpoint that they know. */
  async #restart(withServers: boolean): Promise<EngineProcess | undefined> {
    const wanted = { folder: this.#folder, adminToken: this.adminToken, port: this.#port };
    const { started } = await locked(this.#folder, () => startOrJoin(wanted, { withServers }));
    return started;
  }
}

function startedState(started: EngineProcess | undefined): State {
  return started ? { name: "own", process: started } : { name: "shared" };
}
