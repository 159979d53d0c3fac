import { isKawaError, type KawaError, type KawaErrorCode, publicMessage } from "../../core/errors/errors.ts";
import type { ErrorReply } from "../../browser/value-protocol.ts";
import { reportSeldom } from "../limits/report-seldom.ts";

const notAllowed = "This is not allowed.";
const notUnderstood = "This page and the server do not understand each other. Please load the page again.";
const notSaved = "This cannot be saved.";
const unavailable = "The server is busy. Please try again.";
const broken = "The server has a problem. Please try again later.";

/** What people are told where the error itself has no public message. */
const messages: Readonly<Record<KawaErrorCode, string>> = {
  ACTION_MISROUTED: "The request reached another page.",
  ACTION_REFUSED: notAllowed,
  BACKEND_CLOSED: unavailable,
  BACKEND_MISSING: broken,
  BACKEND_TIMEOUT: unavailable,
  BACKEND_UNAVAILABLE: unavailable,
  CACHE_PRIVATE: broken,
  CHANGE_REFUSED: "This is not possible any more.",
  COLLECTIONS_UNSUPPORTED: broken,
  CONFIG_MISSING: broken,
  CONTEXT_UNAVAILABLE: broken,
  CONTEXT_UNSUPPORTED: broken,
  DISK_FAILED: unavailable,
  EFFECT_LOOP: broken,
  ENGINE_BINARY_MISSING: broken,
  ENGINE_ENDPOINT_MISSING: broken,
  ENGINE_FOLDER_UNWRITABLE: broken,
  ENGINE_NAMESPACE_REFUSED: broken,
  ENGINE_PLATFORM_UNSUPPORTED: broken,
  ENGINE_POOL_UNUSABLE: broken,
  ENGINE_PORT_TAKEN: broken,
  ENGINE_START_FAILED: unavailable,
  ENGINE_TOKEN_REFUSED: broken,
  ENGINE_UNREACHABLE: unavailable,
  ENGINE_UNTUNED: broken,
  HOOK_LOOP: broken,
  HOOK_MISSING: broken,
  HOST_REFUSED: "This app has another host name.",
  INDEX_BUILDING: unavailable,
  INDEX_MISSING: broken,
  KEY_INVALID: notUnderstood,
  LIVE_UPDATES_MISSING: broken,
  NOT_EXPOSED: "This cannot be read or changed from here.",
  OPTION_INVALID: broken,
  ORIGIN_REFUSED: "This was sent by a page of another site.",
  RATE_LIMITED: "That was too much at once. Please wait a moment.",
  RENDER_STATIC: broken,
  RENDER_WRITE: broken,
  REQUEST_INVALID: notUnderstood,
  REQUEST_TIMEOUT: "The connection is too slow. Please try again.",
  ROUTE_MISSING: broken,
  ROW_MISSING: "This is not there any more.",
  RUNTIME_UNSUPPORTED: broken,
  SECRET_MISSING: broken,
  SHARDS_MISMATCH: broken,
  STORE_INCOMPLETE: broken,
  STREAMS_EXHAUSTED: "Too many pages are open at the moment. This one does not change until there is room.",
  TRANSACTION_INVALID: broken,
  UNAUTHORIZED: notAllowed,
  UPDATE_CONFLICT: "Others were faster. Please try again.",
  VALUE_INVALID: notSaved,
  VALUE_NOT_MIGRATED: broken,
  VALUE_TOO_LARGE: "This is too long to be saved.",
  VALUE_TOO_NEW: notUnderstood,
  VALUE_UNREADABLE: broken,
  VALUE_UNSERIALIZABLE: notSaved,
  WRITE_UNCONFIRMED: "It is not known whether this was saved. What you see is what the server has.",
};

/** Headers of every answer: no cache keeps it, and no browser takes it for another type. */
export const answerHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

const defaultRetryMs: Partial<Record<KawaErrorCode, number>> = { STREAMS_EXHAUSTED: 10_000 };

/** A handler that answers with JSON, and tells of an error only what everybody may know. */
export function answerWith<T>(
  perform: (request: Request) => Promise<T | Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const answer = await perform(request);
      return answer instanceof Response ? answer : Response.json(answer, { headers: answerHeaders });
    } catch (error) {
      if (!isKawaError(error)) throw error;
      return refusal(request, error);
    }
  };
}

/**
 * A route handler that answers with an error of Kawa as the reactive route does: with its status, `Retry-After` where it may succeed
 * later, and JSON `{ code, error }`, in which `error` is for people. Everything else that is thrown goes on. A server action returns
 * `publicMessage(error)` instead.
 *
 * @example
 * // app/api/sign-out/route.ts
 * export const POST = answerErrors(async () => {
 *   await sessions.signOut();
 *   return new Response(null, { status: 204 });
 * });
 */
export function answerErrors<Rest extends unknown[]>(
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return (request, ...rest) => answerWith(async () => handler(request, ...rest))(request);
}

/** What a browser is told of an error. */
export function errorReply(error: KawaError): ErrorReply {
  const { code, status, data } = error;
  if (status >= 500 || isForDevelopers(code)) reportSeldom(code, "A request of a browser failed.", error);
  const retryAfterMs = typeof data["retryAfterMs"] === "number" ? data["retryAfterMs"] : undefined;
  return { code, error: publicMessage(error, messages[code]), retryAfterMs };
}

function refusal(request: Request, error: KawaError): Response {
  const { code, status, retryable } = error;
  const reply = errorReply(error);
  const { retryAfterMs } = reply;
  const headers: Record<string, string> = { ...answerHeaders };
  if (retryable) headers["retry-after"] = String(Math.ceil((retryAfterMs ?? defaultRetryMs[code] ?? 1000) / 1000));
  // The unread rest of the body would keep the connection open.
  const isUnread = request.body !== null && (!request.bodyUsed || status === 408 || status === 413);
  if (isUnread) headers["connection"] = "close";
  return Response.json(reply, { status, headers });
}

/** True for errors that only a developer can act on: which limit was hit, what was wrong with a request. */
function isForDevelopers(code: KawaErrorCode): boolean {
  return process.env.NODE_ENV === "development" && (code === "RATE_LIMITED" || code === "REQUEST_INVALID");
}
