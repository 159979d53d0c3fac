import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A port of the loopback address that nothing listens on at this moment. */
export async function getFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export type WaitOptions = {
  timeoutMs: number;
  /** What is awaited, for the error's message. */
  what: string;
  /** Gap between two checks. @default 50 */
  intervalMs?: number;
};

/** Asks `check` until it gives something true, and returns that; rejects after `timeoutMs`. */
export async function waitUntil<T>(
  check: () => T | Promise<T>,
  { timeoutMs, what, intervalMs = 50 }: WaitOptions,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    await sleep(intervalMs);
  }
}

export type SpawnedProcess = {
  readonly pid: number;
  readonly child: ChildProcess;
  /** True until the process itself has ended. */
  isRunning(): boolean;
  /** Everything that it has printed so far, both streams. */
  log(): string;
  /** Resolves when the process itself has ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

export type SpawnOptions = {
  cwd?: string;
  /** Added to the environment of this process; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
};

const spawned = new Set<SpawnedProcess>();

// A test runner that ends without its teardown must not leave servers behind.
process.on("exit", () => {
  for (const { pid } of spawned) killTree(pid);
});

/** Starts a program that leads a process group of its own, so that {@link killTree} reaches everything it starts. */
export function spawnProcess(command: string, args: readonly string[], options: SpawnOptions = {}): SpawnedProcess {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) {
    child.on("error", () => {});
    throw new Error(`"${command}" could not be started; is it installed?`);
  }
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => chunks.push(chunk));
  }
  const started: SpawnedProcess = {
    pid,
    child,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    log: () => chunks.join(""),
    exited: once(child, "exit").then(([code, signal]) => {
      // Group members may outlive their leader: only a group that is gone needs no clean-up at exit.
      if (!isGroupAlive(pid)) spawned.delete(started);
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    }),
  };
  spawned.add(started);
  return started;
}

/** True while a process with this id exists (a zombie that nobody reaped counts as gone). */
export function isProcessAlive(pid: number): boolean {
  return canSignal(pid) && listProcesses().some((entry) => entry.pid === pid);
}

function isGroupAlive(pgid: number): boolean {
  return canSignal(-pgid) && listProcesses().some((entry) => entry.pgid === pgid);
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export type ProcessEntry = { pid: number; ppid: number; pgid: number; command: string };

/** All living processes of the machine. Zombies are left out. */
export function listProcesses(): ProcessEntry[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,command="], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const entries: ProcessEntry[] = [];
  for (const line of table.split("\n")) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null || match[4]?.startsWith("Z")) continue;
    entries.push({ pid: Number(match[1]), ppid: Number(match[2]), pgid: Number(match[3]), command: match[5] ?? "" });
  }
  return entries;
}

/** Ids of the process, of its group's members and of all their descendants, whatever group those are in. */
function listTree(pid: number): number[] {
  const entries = listProcesses();
  const tree = new Set(entries.filter((entry) => entry.pid === pid || entry.pgid === pid).map((entry) => entry.pid));
  let size = -1;
  while (size !== tree.size) {
    size = tree.size;
    for (const entry of entries) if (tree.has(entry.ppid)) tree.add(entry.pid);
  }
  return [...tree];
}

/** Sends SIGKILL to {@link listTree} of this process. */
export function killTree(pid: number): void {
  for (const member of listTree(pid)) signalProcess(member, "SIGKILL");
}

/** Sends a signal; a process that has just ended is no error. Returns whether it was sent. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

export type StopOptions = {
  /** @default "SIGTERM" */
  signal?: "SIGTERM" | "SIGINT";
  /** Sends the signal to the whole process group, as Ctrl-C in a terminal does. @default false */
  toGroup?: boolean;
  /** Time for the process to end by itself. @default 20_000 */
  graceMs?: number;
};

export type StopResult = {
  durationMs: number;
  /** True when the signal was not enough. */
  wasForced: boolean;
  /** How the process itself ended, as Node reports it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Members of the process's tree that were still alive when it had ended by itself; they are killed now. */
  leftoverPids: number[];
};

/** Those that still live 10 s later: a child may take a moment longer than its parent. */
async function findLeftovers(pids: readonly number[]): Promise<number[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const alive = pids.filter(isProcessAlive);
    if (alive.length === 0 || performance.now() > deadline) return alive;
    await sleep(50);
  }
}

/** A signal to the process, SIGKILL to its whole tree when it has not ended after `graceMs`. */
export async function stopProcess(target: SpawnedProcess, options: StopOptions = {}): Promise<StopResult> {
  const { signal: asked = "SIGTERM", toGroup = false, graceMs = 20_000 } = options;
  const startedAt = performance.now();
  const tree = listTree(target.pid);
  if (target.isRunning()) signalProcess(toGroup ? -target.pid : target.pid, asked);
  const wasForced = await Promise.race([target.exited.then(() => false), sleep(graceMs, true, { ref: false })]);
  const durationMs = performance.now() - startedAt;
  const leftoverPids = wasForced ? [] : await findLeftovers(tree);
  for (const pid of tree) if (isProcessAlive(pid)) signalProcess(pid, "SIGKILL");
  killTree(target.pid);
  const { code, signal } = await target.exited;
  spawned.delete(target);
  return { durationMs, wasForced, code, signal, leftoverPids };
}
