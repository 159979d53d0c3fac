import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { isAlive } from "./processes.ts";
import { env } from "../settings/env.ts";

/** Names a process for good. Its number alone does not: the system gives it away again, at once in a container that starts anew. */
export type ProcessMark = {
  readonly pid: number;
  /** Start of the process as the system tells it; undefined where it does not. */
  readonly startedAt?: string | undefined;
  /** Boot of the machine and space of process numbers; undefined where the system has one space only. */
  readonly space?: Space | undefined;
};

type Space = { readonly boot: string; readonly pids: string };

/** `own`: this process. `elsewhere`: in another container, where numbers cannot be looked up. `unknown`: nothing tells its start. */
export type ProcessState = "own" | "alive" | "gone" | "elsewhere" | "unknown";

export function markOf(pid: number): ProcessMark {
  return { pid, startedAt: startOf(pid), space: ownSpace() };
}

/** Older versions wrote down a number only. */
export function stateOf({ pid, startedAt, space }: ProcessMark): ProcessState {
  const here = ownSpace();
  if (space && here && space.boot !== here.boot) return "gone";
  if (space && here && space.pids !== here.pids) return "elsewhere";
  if (!isAlive(pid)) return "gone";
  const now = startOf(pid);
  if (now === "ended" || (startedAt !== undefined && now !== undefined && now !== startedAt)) return "gone";
  // A mark with our own number and no time is of an earlier process: in a container numbers repeat.
  if (pid === process.pid) return startedAt === undefined && now !== undefined ? "gone" : "own";
  return startedAt === undefined || now === undefined ? "unknown" : "alive";
}

export function isProcessMark(value: unknown): value is ProcessMark {
  return typeof value === "object" && value !== null && Number.isInteger((value as ProcessMark).pid);
}

function startOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") return startInProc(readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (process.platform === "win32") return undefined;
    const options = { encoding: "utf8", env: { ...env.all, LC_ALL: "C", TZ: "UTC" } } as const;
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], options).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The name of the program comes first, and may hold anything. */
function startInProc(stat: string): string | undefined {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? "ended" : fields[18];
}

function ownSpace(): Space | undefined {
  try {
    return {
      boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      pids: readlinkSync("/proc/self/ns/pid"),
    };
  } catch {
    return undefined;
  }
}
