import { isKawaError, KawaError } from "../../core/errors/errors.ts";

/** Codes of a disk that is full or read-only: the system has written nothing. */
const refusals: readonly unknown[] = ["ENOSPC", "EDQUOT", "EROFS"];

/** An error that says for certain that nothing of a commit was written; undefined for one that does not. */
export function refusedByDisk(error: unknown): KawaError | undefined {
  if (isKawaError(error, "DISK_FAILED")) return error.data["isFull"] === true ? error : undefined;
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (syscall !== "write" || !refusals.includes(code)) return undefined;
  return new KawaError(
    "DISK_FAILED",
    `The disk takes no writes (${code}): the write was not stored. Free space or repair the disk; Kawa goes on by itself.`,
    { cause: error, data: { code, isFull: true } },
  );
}
