import { isRetryable, type KawaErrorCode, mayBePublic, statusOf } from "#error-codes";

export { clip, show } from "./clip.ts";
export { type KawaErrorCode, kawaErrorCodes } from "./error-codes.ts";

const brand = Symbol.for("kawa.error");

/** What a {@link KawaError} carries beside its code and its message. */
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
    this.status = statusOf(code);
    this.retryable = isRetryable(code);
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
    (code === undefined || (error as { code?: unknown }).code === code)
  );
}

/**
 * What people may be shown of an error: on the server the reason that a hook of the actor gave with a `UserError`, in a browser
 * what the server has told of a read or write; else `fallback`. The message of an error itself is meant for developers.
 *
 * @example
 * try {
 *   await score.set(n);
 * } catch (error) {
 *   return { error: publicMessage(error, "The score was not saved.") };
 * }
 */
export function publicMessage(error: unknown, fallback = "Something went wrong. Please try again."): string {
  if (!isKawaError(error) || !mayBePublic(error.code) || error.data["isPublic"] !== true) return fallback;
  const message = error.data["publicMessage"];
  return typeof message === "string" ? message : fallback;
}
