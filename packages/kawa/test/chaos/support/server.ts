import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signalProcess } from "../../integration/support/processes.ts";
import { Script } from "../../integration/support/script.ts";
import type { Operations } from "./server-process.ts";

const path = join(import.meta.dirname, "server-process.ts");
/** Gap between two writes of a server. */
const paceMs = 100;

export type ServerOptions = { readonly dataDir: string; readonly env: Readonly<Record<string, string | undefined>> };

/** A write that has been asked for. */
export type Asked = { readonly at: number; readonly tookMs: number; readonly code: string | undefined };

/** A server that writes steadily, also after it was killed and started again; and how often it has been told that a write is durable. */
export class Server {
  readonly name: string;
  readonly key: string;
  acknowledged = 0;
  /** Writes whose outcome nobody was told: each may have been applied or not. */
  unknown = 0;
  /** The newest writes of the round. */
  readonly asked: Asked[] = [];
  /** Since when the oldest write that is under way waits. */
  waitsSince: number | undefined;
  /** It was stopped or ended by the fault. */
  isOut = false;
  readonly #options: ServerOptions;
  #script: Script<Operations>;
  #writing: Promise<void> | undefined;
  #mustWrite = false;
  #earlierLog = "";

  constructor(name: string, options: ServerOptions) {
    this.name = name;
    this.key = `own:${name}`;
    this.#options = options;
    this.#script = new Script(path, options);
  }

  get script(): Script<Operations> {
    return this.#script;
  }

  get pid(): number {
    return this.#script.pid;
  }

  get log(): string {
    return this.#earlierLog + this.#script.log;
  }

  startWriting(): void {
    this.#mustWrite = true;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async stopWriting(): Promise<void> {
    this.#mustWrite = false;
    await this.#writing;
  }

  /** Writes at once; counts as the steady ones do. */
  async burst(count: number): Promise<void> {
    await this.#ask(count);
  }

  signal(signal: NodeJS.Signals): void {
    this.isOut = signal !== "SIGCONT";
    signalProcess(this.pid, signal);
  }

  /** Sends a signal; resolves when the process is gone. */
  async endBy(signal: NodeJS.Signals): Promise<void> {
    this.isOut = true;
    await this.#script.endBy(signal);
  }

  /** A new process in the place of one that has ended. */
  async restart(keys: readonly string[]): Promise<void> {
    this.#earlierLog = this.log;
    this.#script = new Script(path, this.#options);
    await this.#script.call("open", keys);
    this.isOut = false;
    if (this.#mustWrite) this.startWriting();
  }

  async #write(): Promise<void> {
    for (; this.#mustWrite && !this.#script.hasEnded; await sleep(paceMs)) await this.#ask(1);
  }

  async #ask(count: number): Promise<void> {
    const at = performance.now();
    this.waitsSince ??= at;
    let code: string | undefined;
    try {
      await this.#script.call("increment", this.key, count);
      this.acknowledged += count;
    } catch (error) {
      this.unknown += count;
      // A server that was told to end refuses what it is asked then.
      code = this.isOut ? "ended" : ((error as { code?: string }).code ?? "ended");
    }
    this.waitsSince = undefined;
    this.asked.push({ at, tookMs: performance.now() - at, code });
  }
}
