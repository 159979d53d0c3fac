import { Forked } from "./forked.ts";
import { withTempDir } from "./temp-dir.ts";
import type { Operations } from "./worker.ts";

export type WorkerOptions = {
  /** Workers of one folder share its engine; actors live in the worker that asks for them first. */
  dataDir: string;
  nodeArguments?: readonly string[];
  env?: Readonly<Record<string, string>>;
};

/** A plain Node process that does what a measure asks for, see `worker.ts`. */
export class WorkerProcess extends Forked<Operations> {
  private constructor({ dataDir, nodeArguments = [], env = {} }: WorkerOptions) {
    super("worker.ts", {
      env: { ...env, KAWA_DATA_DIR: dataDir, KAWA_SECRET: undefined, RIVET_ENDPOINT: undefined },
      nodeArguments,
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

  /** Stops the actors and the engine of this process first. */
  override async stop(): Promise<void> {
    await super.stop(this.call("stop"));
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
