import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { killTree } from "../e2e/support/process.ts";
import { withTempDir } from "./temp-dir.ts";
import type { Operations, Reply, Request } from "./worker.ts";

const stopTimeoutMs = 10_000;

export type WorkerOptions = {
  /** Workers of one folder share its engine; actors live in the worker that asks for them first. */
  dataDir: string;
  nodeArguments?: readonly string[];
};

type Pending = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** A plain Node process that does what a measure asks for, see `worker.ts`. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  #log = "";
  #nextId = 1;

  private constructor({ dataDir, nodeArguments = [] }: WorkerOptions) {
    this.#child = fork(join(import.meta.dirname, "worker.ts"), {
      env: {
        ...process.env,
        NODE_ENV: "production",
        NODE_OPTIONS: undefined,
        KAWA_DATA_DIR: dataDir,
        KAWA_SECRET: undefined,
        RIVET_ENDPOINT: undefined,
      },
      execArgv: [...nodeArguments],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const kill = (): void => killTree(this.#child.pid!);
    process.on("exit", kill);
    this.#exited = once(this.#child, "exit").then(() => {
      process.off("exit", kill);
      for (const { reject } of this.#pending.values()) reject(this.#ended());
      this.#pending.clear();
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => (this.#log += chunk));
    }
    this.#child.on("message", (reply: Reply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.error === undefined) pending?.resolve(reply.value);
      else pending?.reject(new Error(`${reply.error} The worker's log:\n${this.#log}`));
    });
  }

  /** Resolves when the process has loaded all its modules and is connected to nothing. */
  static async fork(options: WorkerOptions): Promise<WorkerProcess> {
    const worker = new WorkerProcess(options);
    await worker.call("ready");
    return worker;
  }

  /** Forks a worker whose engine runs, and which can host actors. */
  static async start(options: WorkerOptions): Promise<WorkerProcess> {
    const worker = await WorkerProcess.fork(options);
    try {
      await worker.call("start");
      return worker;
    } catch (error) {
      await worker.stop();
      throw error;
    }
  }

  call<N extends keyof Operations>(name: N, ...args: Parameters<Operations[N]>): ReturnType<Operations[N]> {
    const id = this.#nextId++;
    const result = new Promise((resolve, reject) => {
      if (!this.#child.connected) return reject(this.#ended());
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, name, args } satisfies Request);
    });
    return result as ReturnType<Operations[N]>;
  }

  /** Stops the actors and the engine of this process, and ends it; also when something has failed before. */
  async stop(): Promise<void> {
    const overdue = setTimeout(() => killTree(this.#child.pid!), stopTimeoutMs);
    await this.call("stop").catch(() => {});
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    clearTimeout(overdue);
  }

  #ended(): Error {
    return new Error(`The worker has ended. Its log:\n${this.#log}`);
  }
}

export type Workers = {
  /** See {@link WorkerProcess.fork}. */
  fork(options?: Omit<WorkerOptions, "dataDir">): Promise<WorkerProcess>;
  /** See {@link WorkerProcess.start}. */
  start(options?: Omit<WorkerOptions, "dataDir">): Promise<WorkerProcess>;
};

/** Runs `work` with workers of one new folder, and stops them afterwards: the first one, which owns the engine, last. */
export function withWorkers<T>(work: (workers: Workers) => Promise<T>): Promise<T> {
  return withTempDir(async (dataDir) => {
    const made: WorkerProcess[] = [];
    const keep = (worker: WorkerProcess): WorkerProcess => {
      made.unshift(worker);
      return worker;
    };
    try {
      return await work({
        fork: async (options) => keep(await WorkerProcess.fork({ dataDir, ...options })),
        start: async (options) => keep(await WorkerProcess.start({ dataDir, ...options })),
      });
    } finally {
      for (const worker of made) await worker.stop();
    }
  });
}
