import { isKawaError, KawaError, type KawaErrorCode, type KawaErrorOptions } from "../core/errors/errors.ts";
import type { ErrorReply } from "./value-protocol.ts";
import { routeSrc } from "./route.ts";

/** Longer than the server tries before it gives up. */
const timeoutMs = 40_000;

/** A longer `Retry-After`, such as the rest of an hour, becomes an error instead. */
const maxRetryAfterMs = 10_000;

export type AskOptions<T> = {
  /** Makes the error of a request that was not answered. */
  readonly lost: () => KawaError;
  /** Reads an answer without a body. */
  readonly fromHeaders?: (headers: Headers) => T;
};

/**
 * Asks the route for something.
 *
 * @throws {KawaError} the error that the server has told; else `lost`
 */
export async function ask<T>(query: string, init: RequestInit, { lost, fromHeaders }: AskOptions<T>): Promise<T> {
  try {
    const response = await fetch(routeSrc() + query, {
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
      ...init,
    });
    if (response.status === 204 && fromHeaders) return fromHeaders(response.headers);
    const reply = (await response.json()) as T & Partial<ErrorReply>;
    if (response.ok) return reply;
    // An error of the server is meant for people. An answer of a proxy in between has no code.
    if (reply.code) throw publicError(reply.code as KawaErrorCode, reply.error!, { retryAfterMs: reply.retryAfterMs });
  } catch (error) {
    if (isKawaError(error)) throw error;
  }
  throw lost();
}

/** How long to wait before a retry; undefined where the caller should get the error instead. */
export function retryDelayOf(error: unknown, usualMs: number): number | undefined {
  if (!isKawaError(error, "RATE_LIMITED")) return undefined;
  const retryAfterMs = Number(error.data["retryAfterMs"]) || usualMs;
  return retryAfterMs > maxRetryAfterMs ? undefined : retryAfterMs;
}

export function publicError(
  code: KawaErrorCode,
  publicMessage: string,
  data: KawaErrorOptions["data"] = {},
): KawaError {
  return new KawaError(code, publicMessage, { data: { ...data, isPublic: true, publicMessage } });
}
