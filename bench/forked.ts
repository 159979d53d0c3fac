import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { killTree } from "../e2e/support/process.ts";

const stopTimeoutMs = 10_000;

/** What another process does when it is asked. Arguments and results pass as JSON. */
// oxlint-disable-next-line typescript/no-explicit-any -- any arguments
export type Operations = Record<string, (...args: any[]) => Promise<unknown>>;

export type ForkOptions = {
  /** Added to the environment of this process; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly nodeArguments?: readonly string[];
};

type Request = { readonly id: number; readonly name: string; readonly args: readonly unknown[] };
type Reply = { readonly id: number; readonly value?: unknown; readonly error?: string };
type Pending = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** A plain Node process that runs a file of this folder, which calls {@link serveOperations}. */
export class Forked<O extends Operations> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  #log = "";
  #nextId = 1;

  constructor(file: string, { env = {}, nodeArguments = [] }: ForkOptions = {}) {
    this.#child = fork(join(import.meta.dirname, file), {
      env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: undefined, ...env },
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
      else pending?.reject(new Error(`${reply.error} The log of its process:\n${this.#log}`));
    });
  }

  /** Waits until the process has loaded its modules. */
  call<N extends keyof O & string>(name: N, ...args: Parameters<O[N]>): ReturnType<O[N]> {
    const id = this.#nextId++;
    const result = new Promise((resolve, reject) => {
      if (!this.#child.connected) return reject(this.#ended());
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, name, args } satisfies Request);
    });
    return result as ReturnType<O[N]>;
  }

  /** Ends the process after `lastWork`, by force when that takes too long; also when something has failed before. */
  async stop(lastWork?: Promise<unknown>): Promise<void> {
    const overdue = setTimeout(() => killTree(this.#child.pid!), stopTimeoutMs);
    await lastWork?.catch(() => {});
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    clearTimeout(overdue);
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #ended(): Error {
    return new Error(`The process has ended. Its log:\n${this.#log}`);
  }
}

/** Answers the process that forked this one, and ends when it goes. */
export function serveOperations(operations: Operations): void {
  process.on("message", async ({ id, name, args }: Request) => {
    let reply: Reply;
    try {
      reply = { id, value: await operations[name]!(...args) };
    } catch (error) {
      reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(reply);
  });
  process.on("disconnect", () => process.exit());
}

/** Milliseconds of the clock that all processes of one machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
