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

/** Whether a commit that failed is stored is not known until it is sent again. */
export function notStored(cause: unknown): KawaError {
  const message = "The actor could not store the batch; it may be sent again.";
  return new KawaError("BACKEND_UNAVAILABLE", message, { cause });
}

export function closedError(): KawaError {
  return new KawaError("BACKEND_UNAVAILABLE", "The actor has gone to sleep; ask again to wake it.");
}

/** A mistake of the store itself: nobody knows what it has left behind, so the next incarnation has to read what is stored. */
export function reportMistake(mistake: unknown): KawaError {
  console.error("[kawa] The actor restarts, because its store has failed:", mistake);
  return new KawaError("BACKEND_CLOSED", "The store has failed.", { cause: mistake });
}
