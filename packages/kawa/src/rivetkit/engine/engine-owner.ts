import { isMainThread, threadId } from "node:worker_threads";
import type { EngineRecord } from "./folder.ts";
import { isProcessMark, markOf, stateOf } from "./process-mark.ts";
import { isEngineProcess } from "./processes.ts";

/** Longer than a process takes to end: its main thread stops the engine first. */
const patienceOfThreadsMs = 3_000;

/** `thread`: another thread of this process. `unknown`: whether it lives cannot be looked up. */
export type Owner = "this thread" | "thread" | "process" | "gone" | "unknown";

/** The record of an engine that this thread has started. */
export function recordOf(enginePid: number, port: number): EngineRecord {
  return {
    pid: enginePid,
    port,
    ownerPid: process.pid,
    ...(enginePid > 0 ? { engine: markOf(enginePid) } : {}),
    owner: { ...markOf(process.pid), thread: threadId },
  };
}

export function ownerOf({ pid, ownerPid, owner }: EngineRecord): Owner {
  if (pid === 0) return "gone";
  const state = stateOf(isProcessMark(owner) ? owner : { pid: ownerPid });
  if (state === "own") return owner?.thread === threadId ? "this thread" : "thread";
  if (state === "alive") return "process";
  return state === "gone" ? "gone" : "unknown";
}

/** Whether the engine itself lives. False where its process cannot be looked up: the number may then be that of another process. */
export function isEngineAlive({ pid, engine }: EngineRecord): boolean {
  const state = isProcessMark(engine) ? stateOf(engine) : "unknown";
  return (state === "alive" || state === "unknown") && isEngineProcess(pid);
}

/**
 * Whether this thread is to start an engine of others that is gone. It leaves alone the engine of another thread: that thread starts it
 * again, or has ended, and then RivetKit hosts no actors in this process any more. The main thread begins; the others wait for it.
 */
export function mayTakeOver(record: EngineRecord | undefined, goneForMs: number): boolean {
  const isDue = isMainThread ? goneForMs >= 0 : goneForMs > patienceOfThreadsMs;
  // Asked last: on some systems a program has to be run for it.
  return isDue && !(record && ownerOf(record) === "thread");
}
