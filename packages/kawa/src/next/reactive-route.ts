import { isKawaError, KawaError } from "../core/errors.ts";
import { isCrossSite } from "./cross-site.ts";
import { LiveStream } from "./live-stream.ts";
import { addStream, streamCount, streamCountOf } from "./live-streams.ts";
import { revokedSessions } from "./session/revoked-sessions.ts";
import { pingIntervalMs as defaultPingIntervalMs } from "./stream-protocol.ts";
import { readStreamRequest } from "./stream-request.ts";

/** Who opens a stream, as the server has verified it. */
export type StreamSession = {
  readonly id: string;
  /** When it ends, in milliseconds since the epoch. The stream ends with it. @default never */
  readonly expiresAt?: number | undefined;
};

export type ReactiveRouteOptions = {
  /**
   * Tells whose stream it is: streams of one session count together, and what one was told is of no use to another.
   *
   * @default nobody's in particular; streams of one address count together
   */
  session?: (request: Request) => StreamSession | null | undefined | Promise<StreamSession | null | undefined>;
  /** Streams are ended after this long, and browsers come back: for platforms that limit it. In milliseconds. @default none */
  maxDurationMs?: number;
  /** Most open streams of this process. @default 10_000 */
  maxStreams?: number;
  /** Most open streams of one session, or of one address, which may be a whole office. A browser has one for all its tabs. @default 1_000 */
  maxStreamsPerClient?: number;
  /** Longest time over which tabs are told to spread their renders, in milliseconds. @default 10_000 */
  maxSpreadMs?: number;
  /** Gap between keep-alive events, in milliseconds. At most that of browsers. @default 15_000 */
  pingIntervalMs?: number;
};

type Route = { POST(request: Request): Promise<Response> };

const retryAfterSeconds = 10;

/**
 * The route that `<LiveUpdates />` listens to: one stream of server-sent events for each browser, which says when what its tabs
 * show has changed, and never a value or a key.
 *
 * @example
 * // app/api/reactive/route.ts
 * export const { POST } = createReactiveRoute();
 */
export function createReactiveRoute(options: ReactiveRouteOptions = {}): Route {
  return {
    async POST(request) {
      try {
        return await open(request, options);
      } catch (error) {
        if (!isKawaError(error)) throw error;
        const headers = error.retryable ? { "retry-after": String(retryAfterSeconds) } : {};
        return Response.json({ error: error.message, code: error.code }, { status: error.status, headers });
      }
    },
  };
}

async function open(request: Request, options: ReactiveRouteOptions): Promise<Response> {
  const { maxStreams = 10_000, maxStreamsPerClient = 1_000, maxSpreadMs = 10_000, pingIntervalMs = defaultPingIntervalMs } = options;
  if (isCrossSite(request)) throw new KawaError("ORIGIN_REFUSED", "Streams for pages of another site are refused.");
  const asked = await readStreamRequest(request);
  const session = await options.session?.(request);
  const client = session?.id ?? addressOf(request);
  if (streamCount() >= maxStreams) {
    throw new KawaError("STREAMS_EXHAUSTED", `This server has ${maxStreams} open streams, its limit (maxStreams).`);
  }
  if (client !== undefined && streamCountOf(client) >= maxStreamsPerClient) {
    throw new KawaError("STREAMS_EXHAUSTED", `This client has ${maxStreamsPerClient} open streams, its limit (maxStreamsPerClient).`);
  }
  // A stream may stay for hours; what asked for it must not.
  const { signal } = request;
  let remove = (): void => {};
  const stream = new LiveStream({
    request: asked,
    subject: session?.id ?? "",
    pingIntervalMs,
    maxDurationMs: options.maxDurationMs,
    expiresAt: session?.expiresAt,
    maxSpreadMs,
    onEnd: () => {
      remove();
      signal.removeEventListener("abort", abort);
    },
  });
  const abort = (): void => stream.abort();
  remove = addStream(stream, client ?? "");
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  // It may have ended while its stream was opened.
  if (session && revokedSessions().has(session.id)) stream.end("expired");
  return new Response(stream.body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      // On a connection that is kept, a browser comes back while Next waits for it to be idle.
      connection: "close",
    },
  });
}

/** Next and proxies tell it; undefined where nobody does. */
function addressOf(request: Request): string | undefined {
  return request.headers.get("x-forwarded-for")?.split(",")[0]?.trim() || undefined;
}
