import { AsyncLocalStorage } from "node:async_hooks";
import { detached } from "../core/detached.ts";
import { isKawaError, KawaError } from "../core/errors.ts";
import type { BackedSignal } from "../core/signal.ts";
import type { KnownValue } from "../core/value-row.ts";
import { answerWith } from "./answer.ts";
import { currentExchange } from "./connections.ts";
import { isCrossSite } from "./cross-site.ts";
import { ExposedSignals, type SignalModules } from "./exposed-signals.ts";
import { floodLimit } from "./flood-limit.ts";
import { LiveStream, type LiveStreamOptions, type StreamLimits } from "./live-stream.ts";
import { streamCount, streamCountOf } from "./live-streams.ts";
import { readValues } from "./read-values.ts";
import { revokedSessions } from "../rivetkit/revoked-sessions.ts";
import { pingIntervalMs as defaultPingIntervalMs, type StreamRequest } from "./stream-protocol.ts";
import { readStreamRequest } from "./stream-request.ts";
import { writeValue } from "./write-value.ts";

/** Who opens a stream, as the server has verified it. */
export type StreamSession = {
  readonly id: string;
  /** When it ends, in milliseconds since the epoch. The stream ends with it. @default never */
  readonly expiresAt?: number | undefined;
};

export type ReactiveRouteOptions = {
  /**
   * Modules whose exposed signals browsers can read and write, such as `import * as signals from "@/lib/signals"`. Nothing else
   * can be reached.
   *
   * @default none
   */
  signals?: SignalModules;
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
  /**
   * Reads and writes of client components that a session, or an address, may ask for in the long run; four times as many at
   * once. Streams are not counted.
   *
   * @default 50
   */
  maxRequestsPerSecond?: number;
  /** Longest body of a write. @default 65_536 (64 KiB) */
  maxWriteBytes?: number;
  /** Longest time without an event, in milliseconds, to a second. At most that of browsers. @default 15_000 */
  pingIntervalMs?: number;
};

type Handler = (request: Request) => Promise<Response>;

/** `POST` opens a stream, `GET` reads values for client components, `PUT` writes one. */
type Route = { readonly GET: Handler; readonly POST: Handler; readonly PUT: Handler };

const retryAfterSeconds = 10;

/**
 * The route that browsers talk to. Each opens one stream of server-sent events for all of its tabs, which says when what they show
 * has changed, and which values the signals of client components have. Client components write through it.
 *
 * @example
 * // app/api/reactive/route.ts
 * import * as signals from "@/lib/signals";
 *
 * export const { GET, POST, PUT } = createReactiveRoute({ signals });
 */
export function createReactiveRoute(options: ReactiveRouteOptions = {}): Route {
  const signals = new ExposedSignals(options.signals);
  const { maxRequestsPerSecond = 50, maxWriteBytes = 64 * 1024, session: sessionOf = () => undefined } = options;
  const settings: StreamSettings = {
    session: sessionOf,
    maxStreams: options.maxStreams ?? 10_000,
    maxStreamsPerClient: options.maxStreamsPerClient ?? 1_000,
    maxDurationMs: options.maxDurationMs,
    maxSpreadMs: options.maxSpreadMs ?? 10_000,
    pingIntervalMs: options.pingIntervalMs ?? defaultPingIntervalMs,
  };
  /** Says whose request it is, unless it is one too many. */
  const admit = async (request: Request): Promise<string> => {
    if (isCrossSite(request)) throw new KawaError("ORIGIN_REFUSED", "Requests of pages of another site are refused.");
    const session = await sessionOf(request);
    const client = session?.id ?? addressOf(request) ?? "";
    floodLimit().take(client, maxRequestsPerSecond);
    return client;
  };
  return {
    POST: async (request) => {
      try {
        return await open(request, signals, settings);
      } catch (error) {
        if (!isKawaError(error)) throw error;
        const headers = error.retryable ? { "retry-after": String(retryAfterSeconds) } : {};
        return Response.json({ error: error.message, code: error.code }, { status: error.status, headers });
      }
    },
    GET: answerWith(async (request) => {
      await admit(request);
      return readValues(request, signals);
    }),
    PUT: answerWith(async (request) => writeValue(request, { signals, maxBodyBytes: maxWriteBytes, client: await admit(request) })),
  };
}

type StreamSettings = StreamLimits & Required<Pick<ReactiveRouteOptions, "session" | "maxStreams" | "maxStreamsPerClient">>;

async function open(request: Request, signals: ExposedSignals, settings: StreamSettings): Promise<Response> {
  const { maxStreams, maxStreamsPerClient } = settings;
  if (isCrossSite(request)) throw new KawaError("ORIGIN_REFUSED", "Streams for pages of another site are refused.");
  const asked = await readStreamRequest(request);
  const session = await settings.session(request);
  const client = session?.id ?? addressOf(request);
  if (streamCount() >= maxStreams) {
    throw new KawaError("STREAMS_EXHAUSTED", `This server has ${maxStreams} open streams, its limit (maxStreams).`);
  }
  if (client !== undefined && streamCountOf(client) >= maxStreamsPerClient) {
    throw new KawaError("STREAMS_EXHAUSTED", `This client has ${maxStreamsPerClient} open streams, its limit (maxStreamsPerClient).`);
  }
  const values = shownSignals(asked, signals);
  const kept = keptSignals(asked, signals);
  // It keeps the whole request.
  const asOpener = values.size + kept.size > 0 ? AsyncLocalStorage.snapshot() : undefined;
  const options: LiveStreamOptions = {
    request: asked,
    // Where requests are ended after a time, something watches them, and may stop the server when they have been answered.
    exchange: settings.maxDurationMs === undefined ? currentExchange() : undefined,
    subject: session?.id ?? "",
    client: client ?? "",
    limits: settings,
    expiresAt: session?.expiresAt,
    values: asOpener && { signals: values, asOpener },
    kept: asOpener && { signals: kept, asOpener },
  };
  // Its timers would keep the request.
  const stream = detached(() => new LiveStream(options));
  // Next aborts it when the browser goes, for as long as it answers.
  if (stream.body) request.signal.addEventListener("abort", () => stream.onGone(), { once: true });
  if (request.signal.aborted) stream.onGone();
  // It may have ended while its stream was opened.
  if (session && revokedSessions().has(session)) stream.end("expired");
  return new Response(stream.body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      // On a connection that is kept, a browser comes back while Next waits for it to be idle.
      connection: "close",
    },
  });
}

/** The signals whose values the tabs ask for, as far as browsers may read them. */
function shownSignals({ tabs }: StreamRequest, signals: ExposedSignals): Map<BackedSignal<unknown>, KnownValue> {
  const shown = new Map<BackedSignal<unknown>, KnownValue>();
  for (const known of Object.values(tabs).flatMap(({ values = [] }) => values)) {
    const signal = signals.find(known[0], "read");
    if (signal) shown.set(signal, oldest(known, shown.get(signal)));
  }
  return shown;
}

/** The ephemeral signals that the tabs keep, as far as browsers may write them. */
function keptSignals({ tabs }: StreamRequest, signals: ExposedSignals): Set<BackedSignal<unknown>> {
  const found = Object.values(tabs).flatMap(({ kept = [] }) => kept.map((key) => signals.find(key, "write")));
  return new Set(found.filter((signal) => signal?.ttlMs !== undefined) as BackedSignal<unknown>[]);
}

/** What is news for one of two tabs has to be sent. Tabs that know different histories count as knowing nothing. */
function oldest(known: KnownValue, other: KnownValue = known): KnownValue {
  const [key, seq, epoch] = known;
  return epoch === other[2] ? [key, Math.min(seq, other[1]), epoch] : [key, -1, ""];
}

/** Next and proxies tell it; undefined where nobody does. */
function addressOf(request: Request): string | undefined {
  return request.headers.get("x-forwarded-for")?.split(",")[0]?.trim() || undefined;
}
