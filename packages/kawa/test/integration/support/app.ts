import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import type { Operations, Reply, Request } from "./app-process.ts";
import { killProcesses, signalProcess } from "./processes.ts";

export type AppOptions = {
  dataDir: string;
  /** Added to the environment of the process; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Module to load before everything else. */
  preload?: string;
};

type Pending = { resolve(value: unknown): void; reject(error: Error): void };

/** The error that an operation ended with in the other process. */
class AppError extends Error {
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** An app in a process of its own, as {@link startApp} forks it. */
export class App {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  #log = "";
  #nextId = 1;

  constructor({ dataDir, env, preload }: AppOptions) {
    this.#child = fork(join(import.meta.dirname, "app-process.ts"), {
      env: {
        ...process.env,
        // What a developer's shell may hold must not lead the test to another engine.
        RIVET_ENDPOINT: undefined,
        KAWA_SECRET: undefined,
        NODE_ENV: "production",
        NODE_OPTIONS: undefined,
        KAWA_DATA_DIR: dataDir,
        ...env,
      },
      execArgv: preload === undefined ? [] : ["--import", preload],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#exited = once(this.#child, "exit").then(() => {
      for (const { reject } of this.#pending.values()) reject(new AppError(`The app ended. Its log:\n${this.#log}`, undefined));
      this.#pending.clear();
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => (this.#log += chunk));
    }
    this.#child.on("message", (reply: Reply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.error) pending?.reject(new AppError(reply.error.message, reply.error.code));
      else pending?.resolve(reply.value);
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Everything that the app has printed. */
  get log(): string {
    return this.#log;
  }

  /** Has the app do something, and returns what it returned. */
  call<N extends keyof Operations>(name: N, ...args: Parameters<Operations[N]>): ReturnType<Operations[N]> {
    const id = this.#nextId++;
    const result = new Promise((resolve, reject) => {
      if (!this.#child.connected) return reject(new AppError(`The app has ended. Its log:\n${this.#log}`, undefined));
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, name, args } satisfies Request);
    });
    return result as ReturnType<Operations[N]>;
  }

  /** SIGKILL, as an out-of-memory kill does. Resolves when the process is gone. */
  async kill(): Promise<void> {
    signalProcess(this.pid, "SIGKILL");
    await this.#exited;
  }

  /** Stops engine and runner, then ends the process. */
  async end(): Promise<void> {
    await this.call("stop");
    this.#child.disconnect();
    await this.#exited;
  }
}

/** Forks an app on a data folder. It starts the engine when it is first asked for something. */
export function startApp(options: AppOptions): App {
  return new App(options);
}

/** A data folder of this test's own. After the test everything that works on it is killed, and it is deleted. */
export async function makeDataDir({ onTestFinished }: Pick<TestContext, "onTestFinished">): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "kawa-integration-"));
  onTestFinished(async () => {
    await killProcesses(dataDir);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return dataDir;
}
