import { clip, isKawaError, KawaError, type KawaErrorCode } from "../errors/errors.ts";
import { processState } from "../process/process-state.ts";

const reported = processState("unreadable-keys", () => new Set<string>());
const unfitCodes: readonly KawaErrorCode[] = [
  "VALUE_INVALID",
  "VALUE_NOT_MIGRATED",
  "VALUE_TOO_NEW",
  "VALUE_UNREADABLE",
];
const maxReportedKeys = 1_000;

/** Reads what `read` reads of a key. @throws {KawaError} VALUE_UNREADABLE - which names the key */
export function readNamed<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isKawaError(error, "VALUE_UNREADABLE") || "key" in error.data) throw error;
    const message = error.message
      .replace("A stored value", `The stored value of "${clip(key)}"`)
      .replace(` (${error.code})`, "");
    throw new KawaError(error.code, message, { cause: error.cause, data: { ...error.data, key } });
  }
}

/** True where the value of one key cannot be shown: nothing else is wrong. */
export function isUnfit(error: unknown): boolean {
  return isKawaError(error) && unfitCodes.includes(error.code);
}

/** As {@link leaveOut}, which says what the error is then. */
export function isLeftOut(key: string, error: unknown): error is KawaError {
  return leaveOut(key, error);
}

/** Logs once a key that its value is left out. False for any other error. */
export function leaveOut(key: string, error: unknown): boolean {
  if (!isKawaError(error) || !isUnfit(error)) return false;
  if (reported.has(key) || reported.size >= maxReportedKeys) return true;
  reported.add(key);
  console.error(`[kawa] "${clip(key)}" is left out:`, error.message);
  return true;
}
