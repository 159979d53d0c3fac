import {
  close,
  constants,
  fdatasync,
  fsync,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  write,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "./error-code.ts";
import { watchPlace } from "./file-place.ts";
import { flushSlots } from "./flush-slots.ts";

/** A new file, which one process writes. */
export interface DiskFile {
  /** False after it was renamed or deleted, or another file has its name. Looks into the memory of the system, not at the disk. */
  isInPlace(): boolean;
  /** When it resolves, or returns, the bytes are as safe as the file was made to be. After a failure it is unknown what the disk has of them. */
  write(bytes: Uint8Array, position: number): Promise<void> | void;
  close(): Promise<void>;
}

export type FileState = { readonly id: bigint; readonly bytes: bigint; readonly changedAtMs: number };

/** What the journal does with the file system. Tests use a disk that forgets what was not flushed. */
export interface Disk {
  /** Makes a folder, and those above it. */
  makeFolder(path: string): Promise<void>;
  /** Names of the files in it, without those in folders below; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Undefined where there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  stateOf(path: string): Promise<FileState | undefined>;
  /**
   * Makes a file; rejects with `EEXIST` where there is one. What is written to it is on the disk when `isFlushed`, else it survives the
   * end of every process. Its name is on the disk after {@link flushFolder}.
   */
  create(path: string, isFlushed: boolean): Promise<DiskFile>;
  /** Does nothing where there is no such file. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Puts on the disk what any process has written to a file. False where there is no such file. */
  flushFile(path: string): Promise<boolean>;
  /** Puts on the disk which files are in a folder. */
  flushFolder(path: string): Promise<void>;
}

const isWindows = process.platform === "win32";
/** Writes and flushes in one call. On other systems the flag is missing, or leaves the bytes in the memory of the drive. */
const flushesOnWrite = process.platform === "linux";
const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
/** Errors of file systems that cannot flush a folder. */
const noFlushCodes = ["EINVAL", "ENOTSUP", "EISDIR", "EPERM", "EACCES"];

const call = {
  open: promisify(open),
  close: promisify(close),
  fsync: promisify(fsync),
  fdatasync: promisify(fdatasync),
  write: promisify(write),
  mkdir: promisify(mkdir),
  readdir: promisify(readdir),
  readFile: promisify(readFile),
  rename: promisify(rename),
  rm: promisify(rm),
  stat: promisify(stat),
};

export const realDisk: Disk = {
  async makeFolder(path) {
    await call.mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(path) {
    const entries = await ifThere(call.readdir(path, { withFileTypes: true }));
    return (entries ?? []).filter((entry) => entry.isFile()).map(({ name }) => name);
  },
  read: (path) => ifThere(call.readFile(path)),
  async stateOf(path) {
    const found = await ifThere(call.stat(path, { bigint: true }));
    return found && { id: found.ino, bytes: found.size, changedAtMs: Number(found.mtimeMs) };
  },
  async create(path, isFlushed) {
    const fd = await call.open(path, isFlushed && flushesOnWrite ? newFile | constants.O_DSYNC : newFile, 0o600);
    return {
      isInPlace: watchPlace(fd, path),
      write: isFlushed ? flushedWrite(fd) : plainWrite(fd),
      close: () => call.close(fd),
    };
  },
  async rename(from, to) {
    await ifThere(call.rename(from, to));
  },
  async remove(path) {
    await call.rm(path, { force: true });
  },
  async flushFile(path) {
    // Windows flushes only what may be written.
    const fd = await ifThere(call.open(path, isWindows ? "r+" : "r"));
    if (fd === undefined) return false;
    await flushSlots()
      .run(() => call.fdatasync(fd))
      .finally(() => call.close(fd));
    return true;
  },
  async flushFolder(path) {
    if (isWindows) return;
    try {
      const fd = await call.open(path, "r");
      await flushSlots()
        .run(() => call.fsync(fd))
        .finally(() => call.close(fd));
    } catch (error) {
      if (!noFlushCodes.some((code) => hasCode(error, code))) throw error;
    }
  },
};

function flushedWrite(fd: number): DiskFile["write"] {
  return (bytes, position) =>
    flushSlots().run(async () => {
      for (let done = 0; done < bytes.length;) {
        done += (await call.write(fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
      if (!flushesOnWrite) await call.fdatasync(fd);
    });
}

function plainWrite(fd: number): DiskFile["write"] {
  return (bytes, position) => {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  };
}

/** Undefined where another process was faster. */
async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** A folder, and those above it. */
export function withFoldersAbove(path: string): readonly string[] {
  const above = join(path, "..");
  return above === path ? [path] : [path, ...withFoldersAbove(above)];
}
