import { isKawaError, type KawaError, type KawaErrorCode, publicMessage } from "../core/errors.ts";
import type { ErrorReply } from "../core/value-row.ts";

/** What people are told where the error itself has no public message. */
const messages: Partial<Record<KawaErrorCode, string>> = {
  ACTION_REFUSED: "This is not allowed.",
  HOST_REFUSED: "This app is not reached under this name.",
  NOT_EXPOSED: "This cannot be read or changed from here.",
  ORIGIN_REFUSED: "This was sent by a page of another site.",
  RATE_LIMITED: "That was too much at once. Please wait a moment.",
  VALUE_TOO_LARGE: "This is too long to be saved.",
  WRITE_UNCONFIRMED: "It is not known whether this was saved. What you see is what the server has.",
};
const unavailable = "The server is busy. Please try again.";

/** A handler that answers with JSON, and tells of an error only what everybody may know. */
export function answerWith<T>(perform: (request: Request) => Promise<T | Response>): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const answer = await perform(request);
      return answer instanceof Response ? answer : Response.json(answer, { headers: { "cache-control": "no-store" } });
    } catch (error) {
      if (!isKawaError(error)) throw error;
      return refusal(error);
    }
  };
}

function refusal(error: KawaError): Response {
  const { code, status, data, retryable } = error;
  if (status >= 500) console.error("[kawa] A request of a client component failed:", error);
  const retryAfterMs = typeof data["retryAfterMs"] === "number" ? data["retryAfterMs"] : undefined;
  const reply: ErrorReply = { code, error: publicMessage(error, messages[code] ?? unavailable), retryAfterMs };
  const headers: Record<string, string> = { "cache-control": "no-store" };
  if (retryable) headers["retry-after"] = String(Math.ceil((retryAfterMs ?? 1000) / 1000));
  return Response.json(reply, { status, headers });
}
