import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getFreePort, waitUntil } from "../../../../../e2e/support/process.ts";

/** Where distributions put the programs of a server; the newest one. */
function binaries(): string | undefined {
  const versions = "/usr/lib/postgresql";
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, "bin"))
    .find((path) => existsSync(join(path, "initdb")));
}

/** PostgreSQL refuses to run as root. */
function owner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })));
  return { uid: uid!, gid: gid! };
}

/** A PostgreSQL of the test's own, which may be killed. */
export class OwnPostgres {
  readonly port: number;
  readonly #folder: string;
  readonly #bin: string;
  readonly #owner = owner();
  #child: ChildProcess | undefined;

  private constructor(folder: string, bin: string, port: number) {
    this.#folder = folder;
    this.#bin = bin;
    this.port = port;
  }

  /** Undefined where this machine has none. */
  static async start(): Promise<OwnPostgres | undefined> {
    const bin = binaries();
    if (bin === undefined) return undefined;
    const postgres = new OwnPostgres(mkdtempSync(join(tmpdir(), "kawa-postgres-")), bin, await getFreePort());
    postgres.#initialise();
    await postgres.spawn();
    return postgres;
  }

  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres?sslmode=disable`;
  }

  /** Starts it, also after an end; resolves when it takes connections. */
  async spawn(): Promise<void> {
    const args = ["-D", join(this.#folder, "data"), "-p", String(this.port), "-h", "127.0.0.1", "-k", this.#folder];
    this.#child = spawn(join(this.#bin, "postgres"), args, { ...this.#owner, stdio: "ignore" });
    const isReady = (): boolean => {
      try {
        execFileSync(join(this.#bin, "pg_isready"), ["-h", "127.0.0.1", "-p", String(this.port)], { stdio: "ignore" });
        return true;
      } catch {
        return false;
      }
    };
    await waitUntil(isReady, { timeoutMs: 60_000, what: "PostgreSQL", intervalMs: 200 });
  }

  /** Fast: connections are cut, everything is written. Crash: nothing more is done. */
  async end(how: "fast" | "crash"): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // SIGQUIT is its immediate shutdown: it ends its processes and writes nothing, as after a crash.
    child.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
  }

  async remove(): Promise<void> {
    await this.end("crash");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #initialise(): void {
    if (this.#owner) chownSync(this.#folder, this.#owner.uid, this.#owner.gid);
    chmodSync(this.#folder, 0o700);
    const args = ["-D", join(this.#folder, "data"), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"];
    execFileSync(join(this.#bin, "initdb"), args, { ...this.#owner, stdio: "ignore" });
  }
}
