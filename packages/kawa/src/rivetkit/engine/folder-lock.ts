import { createHash, randomUUID } from "node:crypto";
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { KawaError } from "../../core/errors/errors.ts";
import type { EngineFolder } from "./folder.ts";
import { isProcessMark, markOf, type ProcessMark, stateOf } from "./process-mark.ts";
import { waitUntil } from "./processes.ts";

/** Longest wait for a holder that gives no sign of life and cannot be looked up. */
const timeoutMs = 24_000;
/** Longest wait in all. Each step under the lock has a limit of its own, and each may take long on a busy machine. */
const maxTimeoutMs = 90_000;
const touchIntervalMs = 500;
/** A holder touches its lock while it works, for threads, and processes in other containers, cannot be looked up. */
const untouchedMs = 5_000;

/** Runs `work` under the lock of the folder: no other thread or process starts an engine in it meanwhile. */
export async function locked<T>(folder: EngineFolder, work: () => Promise<T>): Promise<T> {
  const path = folder.lockPath;
  let lock: Lock | undefined;
  let touchedAt: number | undefined;
  let quietSince = performance.now();
  await waitUntil(() => {
    lock = takeLock(path);
    const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (at !== touchedAt) quietSince = performance.now();
    touchedAt = at;
    return lock !== undefined || performance.now() - quietSince > timeoutMs;
  }, maxTimeoutMs);
  if (!lock) {
    throw new KawaError(
      "ENGINE_START_FAILED",
      `Another process has been starting the engine of ${folder.path} for too long. End process ${holderOf(path)?.pid}, or delete ${path}.`,
    );
  }
  const touching = setInterval(() => lock?.touch(), touchIntervalMs).unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    lock?.release();
  }
}

export type Lock = { touch(): void; release(): void };

/**
 * Takes the lock file `path`; undefined while another holder has it.
 *
 * @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - the file cannot be made
 */
export function takeLock(path: string): Lock | undefined {
  const text = JSON.stringify({ ...markOf(process.pid), id: randomUUID() });
  try {
    writeFileSync(path, text, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST" && isFile(path)) {
      if (isLeftOver(path)) removeLeftOver(path);
      return undefined;
    }
    // A full disk leaves an empty file, which names no holder.
    if ((cause as NodeJS.ErrnoException).syscall === "write") rmSync(path, { force: true });
    throw new KawaError(
      "ENGINE_FOLDER_UNWRITABLE",
      `The lock file ${path} cannot be made. Delete what is there, or let the folder belong to the user who runs the server.`,
      { cause },
    );
  }
  // A holder that was taken for dead must not release the lock of the next one.
  const isOurs = (): boolean => readLock(path) === text;
  return {
    touch: () => {
      if (isOurs()) utimesSync(path, new Date(), new Date());
    },
    release: () => {
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

/**
 * Deletes a lock that was left over. Only one of those who find it may do so: a second one would delete the lock that the first has made
 * in its place. A lock of its own decides who, and a process that ends meanwhile may leave that one over in turn.
 */
function removeLeftOver(path: string): void {
  const found = readLock(path) ?? "";
  const turn = takeLock(`${path}.${createHash("sha256").update(found).digest("hex").slice(0, 8)}`);
  if (!turn) return;
  if (readLock(path) === found && isLeftOver(path)) rmSync(path, { force: true });
  turn.release();
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

function isLeftOver(path: string): boolean {
  const holder = holderOf(path);
  // The lock is gone, or was made a moment ago and is not written yet.
  if (!holder) return isUntouched(path);
  const state = stateOf(holder);
  return state === "gone" || (state !== "alive" && isUntouched(path));
}

function isUntouched(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > untouchedMs;
}

function holderOf(path: string): ProcessMark | undefined {
  try {
    const value: unknown = JSON.parse(readLock(path) ?? "");
    // Older versions wrote the number alone.
    const mark = typeof value === "number" ? { pid: value } : value;
    return isProcessMark(mark) ? mark : undefined;
  } catch {
    return undefined;
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
