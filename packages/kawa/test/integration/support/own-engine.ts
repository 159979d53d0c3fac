import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { engineBinary } from "../../../src/rivetkit/engine/binary.ts";
import { findEnginePort } from "../../../src/rivetkit/engine/ports.ts";
import { signalProcess, waitUntil } from "./processes.ts";

const startScript = join(import.meta.dirname, "../../../../../deploy/engine/start");

/** As `RestartSec` of the unit in `deploy/systemd`. */
const restartMs = 100;

export const adminToken = "the-token-of-the-engine";

export type OwnEngineOptions = {
  readonly dataDir: string;
  /** As of an engine that has ended on this folder. @default a free one */
  readonly port?: number;
  /** Address that it listens on. @default 127.0.0.1 */
  readonly host?: string;
  /** Address that others reach it at. @default that which it listens on */
  readonly publicHost?: string;
  /** Settings that are another than Kawa's. */
  readonly env?: Readonly<Record<string, string>>;
  /** PostgreSQL database to store in. @default files in the data folder */
  readonly postgresUrl?: string | undefined;
  /** Names the NATS by which several engines on one database work together. */
  readonly natsFile?: string | undefined;
};

/** An engine as somebody runs it for several servers, or for a serverless app. It ends with what works on the data folder. */
export class OwnEngine {
  readonly endpoint: string;
  readonly port: number;
  readonly #options: OwnEngineOptions;
  #child: ChildProcess | undefined;
  #mustRun = false;

  private constructor(options: OwnEngineOptions, port: number) {
    const { host = "127.0.0.1", publicHost = host } = options;
    this.#options = options;
    this.port = port;
    this.endpoint = `http://${publicHost}:${port}`;
  }

  static async start(options: OwnEngineOptions): Promise<OwnEngine> {
    const engine = new OwnEngine(options, options.port ?? (await findEnginePort()));
    engine.spawn();
    await engine.whenUp();
    return engine;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get isUp(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts its process, also after an end. One that ends by itself is started again, as by a supervisor. */
  spawn(): void {
    this.#mustRun = true;
    const { dataDir, natsFile } = this.#options;
    const log = openSync(join(dataDir, `own-engine-${this.port}.log`), "a");
    this.#child = spawn(startScript, natsFile === undefined ? [] : [natsFile], {
      env: this.#environment() as NodeJS.ProcessEnv,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    // The folder is deleted after the test.
    const again = (): void => void (this.#mustRun && existsSync(dataDir) && this.spawn());
    this.#child.once("exit", () => this.#mustRun && setTimeout(again, restartMs));
  }

  async whenUp(): Promise<void> {
    const isUp = (): Promise<boolean> =>
      fetch(`${this.endpoint}/health`, { signal: AbortSignal.timeout(1_000) }).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil(isUp, { timeoutMs: 30_000, what: "the engine" });
  }

  /** Sends a signal; resolves when the process is gone. */
  async endBy(signal: NodeJS.Signals): Promise<void> {
    this.#mustRun = false;
    if (!this.isUp) return;
    const ended = once(this.#child!, "exit");
    signalProcess(this.pid, signal);
    await ended;
  }

  #environment(): Record<string, string | undefined> {
    const { dataDir, host = "127.0.0.1", env, postgresUrl } = this.#options;
    const dataPath = join(dataDir, "engine");
    mkdirSync(dataPath, { recursive: true });
    const datacenter = "RIVET__TOPOLOGY__DATACENTERS__DEFAULT__";
    return {
      PATH: process.env["PATH"],
      RIVET_ENGINE_BINARY: engineBinary(),
      ...(postgresUrl === undefined
        ? { RIVET__FILE_SYSTEM__PATH: dataPath }
        : { RIVET__POSTGRES__URL: postgresUrl, KAWA_TEST_DIR: dataDir }),
      RIVET__AUTH__ADMIN_TOKEN: adminToken,
      RIVET__GUARD__HOST: host,
      RIVET__GUARD__PORT: String(this.port),
      RIVET__METRICS__HOST: "127.0.0.1",
      RIVET__METRICS__PORT: "0",
      RIVET__TOPOLOGY__DATACENTER_LABEL: "1",
      [`${datacenter}DATACENTER_LABEL`]: "1",
      [`${datacenter}IS_LEADER`]: "true",
      [`${datacenter}PUBLIC_URL`]: this.endpoint,
      [`${datacenter}PEER_URL`]: `http://127.0.0.1:${this.port + 1}`,
      ...env,
    };
  }
}

export function startOwnEngine(options: OwnEngineOptions): Promise<OwnEngine> {
  return OwnEngine.start(options);
}

/** An address of this machine that is not loopback; undefined where it has none. */
export function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
