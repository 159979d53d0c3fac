import { clip, isKawaError, KawaError } from "../errors/errors.ts";
import { processState } from "../process/process-state.ts";

const reported = processState("unreadable-keys", () => new Set<string>());
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

/** Logs once a key that its value is left out. False for any other error. */
export function leaveOut(key: string, error: unknown): boolean {
  if (!isKawaError(error, "VALUE_UNREADABLE")) return false;
  if (reported.has(key) || reported.size >= maxReportedKeys) return true;
  reported.add(key);
  console.error(`[kawa] "${clip(key)}" is left out:`, error.message);
  return true;
}
