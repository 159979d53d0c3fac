import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Socket } from "node:net";
import { isMainThread } from "node:worker_threads";
import { processState } from "../../core/process/process-state.ts";

/** Sockets that send at once, by inode. They are never let go: to close one would close that of its owner. */
export const treated: Map<string, Socket> = processState("send-at-once", () => new Map<string, Socket>());

/**
 * Has the sockets that lead from native code of this process to the engine send at once. RivetKit leaves the one of its actors as it is,
 * so a commit that follows a pong waits for the engine's delayed acknowledgement: up to 40 ms, in one or two of a hundred writes that
 * come now and then. Only on Linux; elsewhere nothing happens.
 */
export function sendAtOnce(endpoint: string): void {
  // When a thread ends, it closes what it has opened.
  if (!isMainThread) return;
  const port = Number(new URL(endpoint).port);
  const inodes = new Set(["/proc/self/net/tcp", "/proc/self/net/tcp6"].flatMap((table) => inodesTo(port, table)));
  if (inodes.size === 0) return;
  for (const fd of readdirSync("/proc/self/fd")) {
    const inode = inodeOf(fd);
    if (inode !== undefined && inodes.has(inode) && !treated.has(inode)) treat(Number(fd), inode);
  }
}

function treat(fd: number, inode: string): void {
  try {
    const socket = new Socket({ fd, readable: false, writable: false });
    socket.setNoDelay(true);
    socket.unref();
    treated.set(inode, socket);
  } catch {
    // It belongs to Node, or was closed meanwhile.
  }
}

/** Of the established connections in a table of the kernel. */
function inodesTo(port: number, table: string): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = read(() => readFileSync(table, "utf8")) ?? "";
  const columns = rows
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  return columns.filter((row) => row[2]?.endsWith(suffix) && row[3] === "01").map((row) => row[9]!);
}

function inodeOf(fd: string): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(read(() => readlinkSync(`/proc/self/fd/${fd}`)) ?? "")?.[1];
}

/** Undefined where there is no such file. */
function read(readIt: () => string): string | undefined {
  try {
    return readIt();
  } catch {
    return undefined;
  }
}
