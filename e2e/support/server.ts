import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import {
  getFreePort,
  isProcessAlive,
  killTree,
  listProcesses,
  signalProcess,
  spawnProcess,
  stopProcess,
  waitUntil,
  type SpawnedProcess,
  type StopOptions,
  type StopResult,
} from "./process.ts";

/** Folder of the app, the one with `next.config.ts`. */
export const appDir = join(import.meta.dirname, "../..");

/** Folder of the app of lab pages. */
export const labAppDir = join(appDir, "e2e/lab-app");

/** The `next` command of the app, to be run with {@link process.execPath}. */
export const nextCommand = createRequire(import.meta.url).resolve("next/dist/bin/next");

export type ServerOptions = {
  /** Folder of the app. @default {@link appDir} */
  dir?: string;
  /** `next dev` instead of `next start`. @default false */
  isDev?: boolean;
  /** Folder of the embedded engine's data. @default a new one, deleted by `dispose()` */
  dataDir?: string;
  /** @default a free one, kept over restarts */
  port?: number;
  /** Path of the home page, which answers 200. @default "/" */
  home?: string;
  /** Added to the app's environment. */
  env?: Readonly<Record<string, string>>;
  /** How long the home page may take to answer 200. @default 120_000 */
  startTimeoutMs?: number;
};

export type EngineInfo = { pid: number; port: number };

/** The app (`next start`) as a process of its own with its own data. */
export class Server {
  readonly url: string;
  readonly dataDir: string;
  readonly #options: ServerOptions & { port: number; ownsDataDir: boolean };
  #process: SpawnedProcess | undefined;
  #pastLogs = "";

  private constructor(dataDir: string, options: ServerOptions & { port: number; ownsDataDir: boolean }) {
    this.url = `http://127.0.0.1:${options.port}`;
    this.dataDir = dataDir;
    this.#options = options;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "kawa-e2e-")));
    const port = options.port ?? (await getFreePort());
    const server = new Server(dataDir, { ...options, port, ownsDataDir: options.dataDir === undefined });
    try {
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** Process id of the app. */
  get pid(): number {
    if (this.#process === undefined) throw new Error("The app is not running; call start() first.");
    return this.#process.pid;
  }

  /** Everything that the app has printed, over all its starts. */
  log(): string {
    return this.#pastLogs + (this.#process?.log() ?? "");
  }

  /** Starts the app on the same port and data; resolves when `GET /` answers 200. */
  async start(): Promise<void> {
    if (this.#process?.isRunning()) return;
    this.#pastLogs = this.log();
    const { dir = appDir, isDev = false, port, home = "/", env, startTimeoutMs = 120_000 } = this.#options;
    // A copy of the app runs its own copy of Next; a fixture has none.
    const ownCommand = join(dir, relative(appDir, nextCommand));
    const command = existsSync(ownCommand) ? ownCommand : nextCommand;
    const app = spawnProcess(
      process.execPath,
      [command, isDev ? "dev" : "start", "-H", "127.0.0.1", "-p", String(port)],
      {
        cwd: dir,
        env: {
          NODE_ENV: isDev ? "development" : "production",
          NEXT_TELEMETRY_DISABLED: "1",
          KAWA_DATA_DIR: this.dataDir,
          // What a developer's shell may hold must not lead the test to another engine.
          RIVET_ENDPOINT: undefined,
          KAWA_SECRET: undefined,
          // Node warns in every process when both are set, and test runners set the first.
          FORCE_COLOR: undefined,
          NO_COLOR: "1",
          ...env,
        },
      },
    );
    this.#process = app;
    try {
      await waitUntil(
        async () => {
          if (!app.isRunning()) throw new Error("The app ended while it started.");
          return hasAnswered(this.url + home);
        },
        { timeoutMs: startTimeoutMs, what: `GET ${this.url}${home} to answer 200` },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message} Its log:\n${app.log()}`, { cause: error });
    }
  }

  /** A signal, then SIGKILL after `graceMs`. Ends the engine too, when the data is this server's own. */
  async stop(options: StopOptions = {}): Promise<StopResult> {
    const engine = await this.engine();
    const result: StopResult =
      this.#process === undefined
        ? { durationMs: 0, wasForced: false, code: null, signal: null, leftoverPids: [] }
        : await stopProcess(this.#process, options);
    if (engine !== undefined && this.#options.ownsDataDir && isProcessAlive(engine.pid)) {
      if (!result.wasForced && !result.leftoverPids.includes(engine.pid)) result.leftoverPids.push(engine.pid);
      killTree(engine.pid);
    }
    return result;
  }

  /** `stop()`, then `start()`. Open pages reconnect: the port stays. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** SIGKILL to the app alone, as a crash or an out-of-memory kill does; the engine stays. */
  async kill(): Promise<void> {
    if (this.#process === undefined) return;
    signalProcess(this.#process.pid, "SIGKILL");
    await this.#process.exited;
  }

  /** SIGKILL to the engine alone; returns the process id that it had. */
  async killEngine(): Promise<number> {
    const engine = await this.engine();
    if (engine === undefined) throw new Error(`No engine runs on ${this.dataDir}.`);
    signalProcess(engine.pid, "SIGKILL");
    return engine.pid;
  }

  /** The engine that runs on this data; undefined when there is none. */
  async engine(): Promise<EngineInfo | undefined> {
    let info: EngineInfo;
    try {
      info = JSON.parse(await readFile(join(this.dataDir, "engine.json"), "utf8")) as EngineInfo;
    } catch {
      return undefined;
    }
    // The file outlives a killed engine, and the system gives process ids away again.
    const isEngine = listProcesses().some(({ pid, command }) => pid === info.pid && /rivet/.test(command));
    return isEngine ? info : undefined;
  }

  /** Stops what runs and deletes the data that this server made. */
  async dispose(): Promise<void> {
    await this.stop();
    if (this.#options.ownsDataDir) await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function hasAnswered(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
