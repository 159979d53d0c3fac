import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { signalProcess } from "./processes.ts";
import type { Operation, Reply } from "./serve-operations.ts";

export type ScriptOptions = {
  dataDir: string;
  /** Added to the environment of the process; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Module to load before everything else. */
  preload?: string;
  /** User and group that the process runs as. Only root can choose them. @default those of the tests */
  uid?: number;
};

export type ScriptEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

type Pending = { resolve(value: unknown): void; reject(error: Error): void };

/** An operation that lasts longer has hung. Shorter than a test may last, so that it is named. */
const longestCallMs = 90_000;

/** A script in a process of its own, which may offer operations ({@link serveOperations}). */
export class Script<Operations extends Record<string, Operation> = Record<string, Operation>> {
  /** How the process has ended. */
  readonly ended: Promise<ScriptEnd>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #log = "";
  #nextId = 1;

  constructor(path: string, { dataDir, env, preload, uid }: ScriptOptions) {
    this.#child = fork(path, {
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
      ...(uid === undefined ? {} : { uid, gid: uid }),
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const outputs = [this.#child.stdout!, this.#child.stderr!];
    for (const output of outputs) output.setEncoding("utf8").on("data", (chunk: string) => (this.#log += chunk));
    this.ended = once(this.#child, "exit").then(async ([code, signal]) => {
      await Promise.all(outputs.map((output) => finished(output)));
      for (const { reject } of this.#pending.values()) reject(new Error(`The script ended. Its log:\n${this.#log}`));
      this.#pending.clear();
      return { code, signal };
    });
    this.#child.on("message", ({ id, value, error }: Reply) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error) pending?.reject(Object.assign(new Error(error.message), { code: error.code }));
      else pending?.resolve(value);
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Everything that the script has printed. */
  get log(): string {
    return this.#log;
  }

  /** Has the script do something, and returns what it returned. */
  call<N extends keyof Operations & string>(
    name: N,
    ...args: Parameters<Operations[N]>
  ): Promise<Awaited<ReturnType<Operations[N]>>> {
    const id = this.#nextId++;
    const result = new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#child.send(
        { id, name, args },
        (error) => error && reject(new Error(`The script has ended. Its log:\n${this.#log}`)),
      );
      const limit = setTimeout(() => {
        reject(new Error(`The script has not done "${name}" in ${longestCallMs} ms. Its log:\n${this.#log}`));
      }, longestCallMs);
      limit.unref();
    });
    return result as Promise<Awaited<ReturnType<Operations[N]>>>;
  }

  /** Closes the channel of its operations. */
  disconnect(): void {
    this.#child.disconnect();
  }

  /** Sends a signal; resolves when the process is gone. */
  endBy(signal: NodeJS.Signals): Promise<ScriptEnd> {
    signalProcess(this.pid, signal);
    return this.ended;
  }
}
