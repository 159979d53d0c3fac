import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether `pid` is an engine and not a process that got the number of a dead one. */
export function isEngineProcess(pid: number): boolean {
  if (!isAlive(pid) || process.platform === "win32") return isAlive(pid);
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).includes("rivet-engine");
  } catch {
    // No ps here: the record is all there is.
    return true;
  }
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, which is what the caller wants.
  }
}

export async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() >= end) return false;
    await sleep(15);
  }
  return true;
}
