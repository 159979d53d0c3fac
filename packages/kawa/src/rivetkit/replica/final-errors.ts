import { isKawaError, type KawaError } from "../../core/errors/errors.ts";

/** Of this machine or its settings, and tried again for later callers. */
const retriedLater: readonly string[] = ["DISK_FAILED", "ENGINE_UNREACHABLE"];

/** True for a failure of this host that no retry mends. */
export function isOfHost(error: unknown): error is KawaError {
  return isKawaError(error) && (!error.retryable || retriedLater.includes(error.code));
}

/** True for an answer of the actor; false when the connection failed, or the actor went away. */
export function isFinal(error: unknown): boolean {
  return !isKawaError(error) || !error.code.startsWith("BACKEND_") || error.code === "BACKEND_CLOSED";
}
