import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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
  if (!isAlive(pid)) return false;
  try {
    return commandOf(pid).includes("rivet-engine");
  } catch {
    // The system does not tell. The record is all there is.
    return isAlive(pid);
  }
}

/** Command line of a process; empty for a zombie. */
function commandOf(pid: number): string {
  if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  if (process.platform === "win32")
    return execFileSync("tasklist", ["/fi", `PID eq ${pid}`, "/fo", "csv", "/nh"], {
      encoding: "utf8",
      windowsHide: true,
    });
  return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  // A process that could not be started has no number, and the system would take 0 for our own group.
  if (pid <= 0) return;
  try {
    process.kill(pid, signal);
  } catch {
    // The process is gone, which is what the caller wants.
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
