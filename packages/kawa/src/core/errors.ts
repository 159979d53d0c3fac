const codes = {
  ACTION_REFUSED: { status: 403, retryable: false },
  BACKEND_CLOSED: { status: 503, retryable: false },
  BACKEND_TIMEOUT: { status: 504, retryable: true },
  BACKEND_UNAVAILABLE: { status: 503, retryable: true },
  CONTEXT_UNAVAILABLE: { status: 500, retryable: false },
  CONTEXT_UNSUPPORTED: { status: 500, retryable: false },
  ENGINE_BINARY_MISSING: { status: 500, retryable: false },
  ENGINE_FOLDER_UNWRITABLE: { status: 500, retryable: false },
  ENGINE_PLATFORM_UNSUPPORTED: { status: 500, retryable: false },
  ENGINE_PORT_TAKEN: { status: 500, retryable: false },
  ENGINE_START_FAILED: { status: 500, retryable: true },
  KEY_INVALID: { status: 400, retryable: false },
  OPTION_INVALID: { status: 500, retryable: false },
  ORIGIN_REFUSED: { status: 403, retryable: false },
  RENDER_STATIC: { status: 500, retryable: false },
  REQUEST_INVALID: { status: 400, retryable: false },
  SECRET_MISSING: { status: 500, retryable: false },
  STREAMS_EXHAUSTED: { status: 503, retryable: true },
  UNAUTHORIZED: { status: 401, retryable: false },
  UPDATE_CONFLICT: { status: 409, retryable: true },
  VALUE_TOO_LARGE: { status: 413, retryable: false },
  VALUE_UNSERIALIZABLE: { status: 400, retryable: false },
} as const;

/** Every code a {@link KawaError} can carry. `docs/errors/<CODE>.md` has the cause and the fix of each. */
export type KawaErrorCode = keyof typeof codes;

/** All error codes, for tests and tools. */
export const kawaErrorCodes = Object.keys(codes) as KawaErrorCode[];

const brand = Symbol.for("kawa.error");

export type KawaErrorOptions = {
  /** The error that led to this one. */
  cause?: unknown;
  /** Machine-readable facts about the failure; never a secret. */
  data?: Readonly<Record<string, unknown>>;
};

/**
 * The one error class of Kawa. Recognise it with {@link isKawaError}: a process holds several copies of this class, so
 * `instanceof` is unreliable.
 */
export class KawaError extends Error {
  readonly code: KawaErrorCode;
  /** HTTP status that a route handler may answer with. */
  readonly status: number;
  /** True when the same call may succeed later. */
  readonly retryable: boolean;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: KawaErrorCode, message: string, options: KawaErrorOptions = {}) {
    super(`${message} (${code})`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KawaError";
    this.code = code;
    this.status = codes[code].status;
    this.retryable = codes[code].retryable;
    this.data = options.data ?? {};
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for every {@link KawaError}, whichever copy of the module made it. Give `code` to ask for one kind. */
export function isKawaError(error: unknown, code?: KawaErrorCode): error is KawaError {
  return (
    typeof error === "object" &&
    error !== null &&
    brand in error &&
    (code === undefined || (error as unknown as KawaError).code === code)
  );
}

/**
 * What a browser may be shown of an error: the reason that a hook of the actor gave with a `UserError`, else `fallback`.
 * The message of an error itself is meant for the server's log.
 *
 * @example
 * try {
 *   await score.set(n);
 * } catch (error) {
 *   return { error: publicMessage(error, "The score was not saved.") };
 * }
 */
export function publicMessage(error: unknown, fallback = "Something went wrong. Please try again."): string {
  if (!isKawaError(error, "ACTION_REFUSED") || error.data["isPublic"] !== true) return fallback;
  const message = error.data["publicMessage"];
  return typeof message === "string" ? message : fallback;
}

/** Shows a value in a message, also one that JSON cannot hold. */
export function show(value: unknown): string {
  try {
    return clip(JSON.stringify(value) ?? String(value));
  } catch {
    return clip(value);
  }
}

/** Cuts an offending value to 80 characters, so that an error message stays readable. */
export function clip(value: unknown): string {
  const text = String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
