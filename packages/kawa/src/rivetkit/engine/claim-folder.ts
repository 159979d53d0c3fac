import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KawaError } from "../../core/errors/errors.ts";
import {
  type FolderIdentity,
  identityOf,
  type Kinship,
  kinshipOf,
  readIdentity,
  writeIdentity,
} from "./folder-identity.ts";
import { takeLock } from "./folder-lock.ts";

const identityName = "identity.json";
const waitMs = 20;
/** Longest wait for another process. A lock whose holder cannot be looked up is given up earlier. */
const maxWaitMs = 8_000;

/** Files that belong to the engine of the original, or give access to it. */
const ofEngine = ["engine.json", "engine.lock", "admin-token"];
/** Secrets. With them each folder would accept the sessions of the other. */
const ofSessions = ["secret", "secret.previous"];

/** Holds the secrets that came with the copy. They are only kept to be put back where a folder was moved to another disk. */
export const originalName = "original";
/** Says that the store of the copy still has the namespace of the original. */
export const copiedName = "copied";

/**
 * Makes a folder that was copied one of its own: nothing in it leads to the engine of the original, and it has other secrets. A folder
 * that was only moved, or has another path here, is left as it is.
 *
 * @throws {KawaError} ENGINE_START_FAILED - another process has been at it for longer than `maxMs`
 */
export function claimFolder(path: string, dataPath: string, maxMs: number = maxWaitMs): void {
  const file = join(/*turbopackIgnore: true*/ path, identityName);
  const now = identityOf(dataPath);
  const read = (): { recorded: FolderIdentity | undefined; kinship: Kinship } => {
    const recorded = readIdentity(file);
    return { recorded, kinship: recorded ? kinshipOf(recorded, now) : "same" };
  };
  const known = read();
  if (known.kinship === "same") {
    if (JSON.stringify(known.recorded) !== JSON.stringify(now)) writeIdentity(file, now);
    return;
  }
  const lock = waitForLock(join(/*turbopackIgnore: true*/ path, "identity.lock"), maxMs);
  try {
    const { recorded, kinship } = read();
    if (kinship === "same") return;
    writeFileSync(join(/*turbopackIgnore: true*/ path, copiedName), "", { mode: 0o600 });
    for (const name of ofEngine) rmSync(join(/*turbopackIgnore: true*/ path, name), { force: true });
    if (kinship === "copy") putAway(path);
    // Last: a process that is interrupted earlier begins again.
    writeIdentity(file, now);
    if (kinship === "copy" && recorded) tell(path, recorded.place);
  } finally {
    lock.release();
  }
}

function putAway(path: string): void {
  for (const name of ofSessions.filter((each) => existsSync(join(/*turbopackIgnore: true*/ path, each)))) {
    mkdirSync(join(/*turbopackIgnore: true*/ path, originalName), { recursive: true, mode: 0o700 });
    renameSync(join(/*turbopackIgnore: true*/ path, name), join(/*turbopackIgnore: true*/ path, originalName, name));
  }
}

/** Opening a folder is synchronous, and so is this; it takes some milliseconds, once for each copy. */
function waitForLock(path: string, maxMs: number): NonNullable<ReturnType<typeof takeLock>> {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + maxMs; performance.now() < end; Atomics.wait(sleeper, 0, 0, waitMs)) {
    const lock = takeLock(path);
    if (lock) return lock;
  }
  throw new KawaError(
    "ENGINE_START_FAILED",
    `Another process has been opening this folder for too long. Wait for it or end it, or delete ${path}.`,
  );
}

function tell(path: string, original: string): void {
  console.warn(
    `[kawa] ${path} is a copy of ${original}: it starts with the copied values, and with an engine, a token and a secret of its own. ` +
      `Sessions of the original are not valid here. If you moved the folder, move ${join(/*turbopackIgnore: true*/ path, originalName)}/* back into it, and restart.`,
  );
}
