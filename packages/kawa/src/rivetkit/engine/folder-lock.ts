import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { KawaError } from "../../core/errors.ts";
import { processState } from "../../core/process-state.ts";
import type { EngineFolder } from "./folder.ts";
import { isAlive, waitUntil } from "./processes.ts";

/** Longest wait: others may be starting an engine, and ending one before. */
const timeoutMs = 24_000;

const heldLocks = processState("engine-locks", () => new Set<string>());

/** Runs `work` while nobody else starts an engine in this folder. */
export async function locked<T>(folder: EngineFolder, work: () => Promise<T>): Promise<T> {
  const path = folder.lockPath;
  const take = (): boolean => {
    if (heldLocks.has(path)) return false;
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return true;
    } catch {
      const holder = lockHolder(path);
      // A lock with our own number that we do not hold is from an earlier life: in a container numbers repeat.
      if (holder !== undefined && (holder === process.pid || !isAlive(holder))) rmSync(path, { force: true });
      return false;
    }
  };
  if (!(await waitUntil(take, timeoutMs))) {
    throw new KawaError(
      "ENGINE_START_FAILED",
      `Another process has been starting the engine of ${folder.path} for too long. End process ${lockHolder(path)}, or delete ${path}.`,
    );
  }
  heldLocks.add(path);
  try {
    return await work();
  } finally {
    heldLocks.delete(path);
    rmSync(path, { force: true });
  }
}

/** Undefined when the lock is gone, or was made a moment ago and is not written yet. */
function lockHolder(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
