import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { isOutOfDescriptors } from "../journal/error-code.ts";

/** An engine needs some room to start. */
const roomBytes = 1024 * 1024;
const memoryMs = 500;

const meanings: Readonly<Record<string, string>> = {
  ENOSPC: "it is full",
  EDQUOT: "the quota is used up",
  EROFS: "it is read-only",
};

type DiskFolder = { readonly path: string; readonly dataPath: string; readonly isGone: boolean };

type EngineDisk = {
  /** Folder of the embedded engine of this process, where that stores in files. */
  folder: DiskFolder | undefined;
  /** Why nothing can be stored at the moment; undefined where the disk takes writes. Many may ask at once. */
  failure: () => Promise<KawaError | undefined>;
};

export const disk = processState<EngineDisk>("engine-disk", () => {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<KawaError | undefined>;
  return {
    folder: undefined,
    failure() {
      if (performance.now() - askedAt < memoryMs) return answer;
      askedAt = performance.now();
      return (answer = failureOf(this.folder));
    },
  };
});

/** @throws {KawaError} DISK_FAILED */
export async function checkDisk(): Promise<void> {
  const failure = await failureOf(disk.folder);
  if (failure) throw failure;
}

/** An error of a file in a folder. Where the disk has no room it becomes `DISK_FAILED`. */
export function asDiskFailure(error: unknown, path: string): unknown {
  const { code, cause } = error as NodeJS.ErrnoException;
  const system = [code, (cause as NodeJS.ErrnoException | undefined)?.code].find(
    (one) => one === "ENOSPC" || one === "EDQUOT",
  );
  return system === undefined ? error : diskFailure(path, system);
}

/** Why the data of this app cannot be stored where it was; undefined where it can. */
export function goneFailure(folder: DiskFolder | undefined = disk.folder): KawaError | undefined {
  if (!folder?.isGone) return undefined;
  return new KawaError(
    "DISK_FAILED",
    `${folder.path} was deleted, moved or replaced while the app runs, so nothing can be stored. Restart the server: it starts with the folder that is ` +
      `there then. If you have moved the folder, move it back: Kawa goes on by itself within seconds.`,
    { data: { code: "ENOENT", isGone: true } },
  );
}

async function failureOf(folder: EngineDisk["folder"]): Promise<KawaError | undefined> {
  const gone = goneFailure(folder);
  if (gone) return gone;
  const code = folder && (await probeDisk(folder.dataPath));
  // A process that has no descriptors left has not asked the disk.
  if (!folder || code === undefined || isOutOfDescriptors({ code })) return undefined;
  return diskFailure(folder.path, code);
}

function diskFailure(path: string, code: string): KawaError {
  const reason = code in meanings ? `${meanings[code]}, ${code}` : code;
  return new KawaError(
    "DISK_FAILED",
    `The disk of ${path} takes no writes: ${reason}. No acknowledged write is lost. Free space or repair the disk; ` +
      `Kawa goes on by itself within seconds, without a restart.`,
    { data: { code } },
  );
}

/** Why the disk of a folder takes no writes, as a code of the system such as `ENOSPC`; undefined where it does. */
export async function probeDisk(folder: string): Promise<string | undefined> {
  const path = join(/*turbopackIgnore: true*/ folder, `.write-${process.pid}.${threadId}.room`);
  try {
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(Buffer.alloc(roomBytes));
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "EIO";
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}
