import type { KawaErrorCode } from "./error-codes.ts";

export type { KawaErrorCode } from "./error-codes.ts";

/** HTTP status of the codes that a browser meets; the others occur on servers only. */
const statuses: Partial<Record<KawaErrorCode, number>> = {
  ACTION_REFUSED: 403,
  BACKEND_UNAVAILABLE: 503,
  CHANGE_REFUSED: 409,
  NOT_EXPOSED: 404,
  RATE_LIMITED: 429,
  UPDATE_CONFLICT: 409,
  VALUE_INVALID: 422,
  VALUE_TOO_LARGE: 413,
  WRITE_UNCONFIRMED: 504,
};

export function statusOf(code: KawaErrorCode): number {
  return statuses[code] ?? 500;
}

export function isRetryable(code: KawaErrorCode): boolean {
  return ["BACKEND_UNAVAILABLE", "RATE_LIMITED", "UPDATE_CONFLICT"].includes(code);
}

/** True: whatever a server tells a browser is public. */
export function mayBePublic(_code: KawaErrorCode): boolean {
  return true;
}
