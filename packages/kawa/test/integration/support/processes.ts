import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../../../../e2e/support/process.ts";

export type FoundProcess = { readonly pid: number; readonly command: string };

/**
 * All living processes that work on a data folder: apps, the shells that guard engines, engines. They are found by their
 * environment, so orphans are found too. Zombies have none and are left out.
 */
export function findProcesses(dataDir: string): FoundProcess[] {
  return process.platform === "linux" ? findInProc(dataDir) : findWithPs(dataDir);
}

function findInProc(dataDir: string): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(dataDir)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      found.push({ pid: Number(pid), command });
    } catch {
      // It has just ended, or belongs to somebody else.
    }
  }
  return found;
}

function findWithPs(dataDir: string): FoundProcess[] {
  const table = execFileSync("ps", ["-A", "-E", "-ww", "-o", "pid=,command="], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return table
    .split("\n")
    .filter((line) => line.includes(dataDir))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim().replace(/^\d+\s+/, "") }));
}

/** Engines among {@link findProcesses}, without the shells that guard them. */
export function findEngines(dataDir: string): FoundProcess[] {
  return findProcesses(dataDir).filter(({ command }) => /^\S*rivet-engine\S* start/.test(command));
}

export type EngineRecord = { readonly pid: number; readonly port: number; readonly ownerPid: number };

/** What the folder remembers of its engine; undefined before the first start. */
export async function readEngineRecord(dataDir: string): Promise<EngineRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, "engine.json"), "utf8")) as EngineRecord;
  } catch {
    return undefined;
  }
}

export async function waitForNoProcess(dataDir: string, timeoutMs: number): Promise<void> {
  await waitUntil(() => findProcesses(dataDir).length === 0, {
    timeoutMs,
    what: `all processes of ${dataDir} to end`,
  }).catch((error: Error) => {
    const left = findProcesses(dataDir).map(({ pid, command }) => `${pid} ${command}`);
    throw new Error(`${error.message} Left:\n${left.join("\n")}`, { cause: error });
  });
}

/** SIGKILL to everything that works on a data folder: the end of a test, whatever happened in it. */
export async function killProcesses(dataDir: string): Promise<void> {
  const kill = (): boolean => {
    const found = findProcesses(dataDir);
    for (const { pid } of found) signalProcess(pid, "SIGKILL");
    return found.length === 0;
  };
  await waitUntil(kill, { timeoutMs: 10_000, what: `the processes of ${dataDir} to be killed` });
}

/** Sends a signal; a process that has just ended is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export { waitUntil };
