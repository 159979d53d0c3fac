import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { getFreePort, spawnProcess, type SpawnedProcess, stopProcess, waitUntil } from "../../e2e/support/process.ts";

/** A first compilation on a busy machine. */
const startMs = 120_000;

/** What a developer's shell may hold must not lead an app to another engine or another folder. */
const clean = {
  NEXT_TELEMETRY_DISABLED: "1",
  RIVET_ENDPOINT: undefined,
  KAWA_SECRET: undefined,
  KAWA_DATA_DIR: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: "1",
};

/** `next build`. Returns what it has printed; throws with that where it fails. */
export function build(node: string, app: string, flags: readonly string[] = []): string {
  const { status, stdout, stderr } = spawnSync(node, [nextOf(app), "build", ...flags], {
    cwd: app,
    encoding: "utf8",
    env: { ...process.env, ...clean, NODE_ENV: "production" },
  });
  if (status !== 0) throw new Error(`next build failed:\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

/** The `next` command of an app, which may be installed further up. */
export function nextOf(app: string): string {
  return createRequire(join(app, "package.json")).resolve("next/dist/bin/next");
}

export type ServerOptions = {
  /** @default the folder of this process */
  readonly cwd?: string;
  /** The program and its arguments; `{port}` is replaced. */
  readonly command: readonly string[];
  readonly isDev?: boolean;
  /** The address that answers 200 once the server is there, below its origin. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The server is not the process that was started, but a child of it in its group. @default false */
  readonly isChild?: boolean;
};

/** A server of an app, which can be restarted on its port. */
export class AppServer {
  readonly origin: string;
  readonly #options: ServerOptions;
  readonly #port: number;
  #process: SpawnedProcess | undefined;
  #earlier = "";

  private constructor(port: number, options: ServerOptions) {
    this.#port = port;
    this.#options = options;
    this.origin = `http://localhost:${port}`;
  }

  static async start(options: ServerOptions): Promise<AppServer> {
    const server = new AppServer(await getFreePort(), options);
    try {
      await server.#start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Everything that it has printed. */
  log(): string {
    return this.#earlier + (this.#process?.log() ?? "");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.#start();
  }

  async stop(): Promise<void> {
    if (this.#process) await stopProcess(this.#process, { toGroup: this.#options.isChild ?? false });
  }

  async #start(): Promise<void> {
    const { cwd = process.cwd(), command, home, isDev = false, env } = this.#options;
    this.#earlier = this.log();
    const [program, ...args] = command.map((each) => each.replace("{port}", String(this.#port)));
    const server = spawnProcess(program!, args, {
      cwd,
      env: { ...clean, NODE_ENV: isDev ? "development" : "production", PORT: String(this.#port), ...env },
    });
    this.#process = server;
    const isUp = async (): Promise<boolean> => {
      if (!server.isRunning()) throw new Error(`The server ended:\n${server.log()}`);
      return fetch(this.origin + home).then(
        ({ status }) => status === 200,
        () => false,
      );
    };
    await waitUntil(isUp, { timeoutMs: startMs, what: `an answer of ${this.origin}${home}` }).catch((error: Error) => {
      throw new Error(`${error.message} The server's log:\n${server.log()}`);
    });
  }
}
