/** HTTP status of each code. */
const statuses = {
  ACTION_MISROUTED: 404,
  ACTION_REFUSED: 403,
  BACKEND_CLOSED: 503,
  BACKEND_MISSING: 500,
  BACKEND_TIMEOUT: 504,
  BACKEND_UNAVAILABLE: 503,
  CACHE_PRIVATE: 500,
  CHANGE_REFUSED: 409,
  COLLECTIONS_UNSUPPORTED: 500,
  CONFIG_MISSING: 500,
  CONTEXT_UNAVAILABLE: 500,
  CONTEXT_UNSUPPORTED: 500,
  DISK_FAILED: 503,
  EFFECT_LOOP: 500,
  ENGINE_BINARY_MISSING: 500,
  ENGINE_ENDPOINT_MISSING: 500,
  ENGINE_FOLDER_UNWRITABLE: 500,
  ENGINE_NAMESPACE_REFUSED: 500,
  ENGINE_PLATFORM_UNSUPPORTED: 500,
  ENGINE_POOL_UNUSABLE: 500,
  ENGINE_PORT_TAKEN: 500,
  ENGINE_START_FAILED: 500,
  ENGINE_TOKEN_REFUSED: 500,
  ENGINE_UNREACHABLE: 503,
  ENGINE_UNTUNED: 500,
  HOOK_LOOP: 500,
  HOOK_MISSING: 500,
  HOST_REFUSED: 421,
  INDEX_BUILDING: 503,
  INDEX_MISSING: 500,
  KEY_INVALID: 400,
  LIVE_UPDATES_MISSING: 500,
  NOT_EXPOSED: 404,
  OPTION_INVALID: 500,
  ORIGIN_REFUSED: 403,
  RATE_LIMITED: 429,
  RENDER_STATIC: 500,
  RENDER_WRITE: 500,
  REQUEST_INVALID: 400,
  REQUEST_TIMEOUT: 408,
  ROUTE_MISSING: 404,
  ROW_MISSING: 404,
  RUNTIME_UNSUPPORTED: 500,
  SECRET_MISSING: 500,
  SHARDS_MISMATCH: 503,
  STORE_INCOMPLETE: 503,
  STREAMS_EXHAUSTED: 503,
  TRANSACTION_INVALID: 500,
  UNAUTHORIZED: 401,
  UPDATE_CONFLICT: 409,
  VALUE_INVALID: 422,
  VALUE_NOT_MIGRATED: 500,
  VALUE_TOO_LARGE: 413,
  VALUE_TOO_NEW: 409,
  VALUE_UNREADABLE: 500,
  VALUE_UNSERIALIZABLE: 400,
  WRITE_UNCONFIRMED: 504,
} as const;

/** The same call may succeed later. */
const retryableCodes: readonly string[] = [
  "BACKEND_TIMEOUT",
  "BACKEND_UNAVAILABLE",
  "DISK_FAILED",
  "ENGINE_START_FAILED",
  "ENGINE_UNREACHABLE",
  "INDEX_BUILDING",
  "RATE_LIMITED",
  "REQUEST_TIMEOUT",
  "STREAMS_EXHAUSTED",
  "UPDATE_CONFLICT",
];

/** Every code a `KawaError` can carry. `docs/errors/<CODE>.md` has the cause and the fix of each. */
export type KawaErrorCode = keyof typeof statuses;

/** All error codes, for tests and tools. */
export const kawaErrorCodes = Object.keys(statuses) as KawaErrorCode[];

export function statusOf(code: KawaErrorCode): number {
  return statuses[code];
}

export function isRetryable(code: KawaErrorCode): boolean {
  return retryableCodes.includes(code);
}

/** True for codes whose errors may carry a sentence for people: the app's own, or how long they have to wait. */
export function mayBePublic(code: KawaErrorCode): boolean {
  return code === "ACTION_REFUSED" || code === "CHANGE_REFUSED" || code === "VALUE_INVALID" || code === "RATE_LIMITED";
}
