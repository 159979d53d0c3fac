import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { getFreePort, waitUntil } from "../../../../../e2e/support/process.ts";

function binary(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"];
  return folders
    .map((folder) => join(folder, "nats-server"))
    .find((path) => {
      try {
        accessSync(path);
        return true;
      } catch {
        return false;
      }
    });
}

/** A NATS of the test's own, which may be killed. */
export class OwnNats {
  readonly port: number;
  readonly #path: string;
  #child: ChildProcess | undefined;

  private constructor(path: string, port: number) {
    this.#path = path;
    this.port = port;
  }

  /** Undefined where this machine has none. */
  static async start(): Promise<OwnNats | undefined> {
    const path = binary();
    if (path === undefined) return undefined;
    const nats = new OwnNats(path, await getFreePort());
    await nats.spawn();
    return nats;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it, also after an end; resolves when it takes connections. */
  async spawn(): Promise<void> {
    this.#child = spawn(this.#path, ["-a", "127.0.0.1", "-p", String(this.port)], { stdio: "ignore" });
    const answers = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.1", port: this.port });
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
        socket.once("connect", () => socket.destroy());
      });
    await waitUntil(answers, { timeoutMs: 10_000, what: "NATS" });
  }

  async endBy(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
