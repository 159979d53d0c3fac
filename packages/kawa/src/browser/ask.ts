import { isKawaError, KawaError, type KawaErrorCode, type KawaErrorOptions } from "../core/errors/errors.ts";
import type { ErrorReply } from "./value-protocol.ts";
import { routeSrc } from "./route.ts";

/** The server gives up sooner. */
const timeoutMs = 40_000;

/** A limit on an hour may ask for most of it. */
const maxRetryAfterMs = 10_000;

export type AskOptions<T> = {
  /** The error where there is no answer. */
  readonly lost: () => KawaError;
  /** What an answer without a body says. */
  readonly fromHeaders?: (headers: Headers) => T;
};

/**
 * Asks the route for something.
 *
 * @throws {KawaError} what the server has told; else `lost`
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
    // What the server says is meant for people. A proxy in between says nothing of ours.
    if (reply.code) throw publicError(reply.code as KawaErrorCode, reply.error!, { retryAfterMs: reply.retryAfterMs });
  } catch (error) {
    if (isKawaError(error)) throw error;
  }
  throw lost();
}

/** How long to wait before the same is asked again; undefined where somebody waits for it who would rather know. */
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
