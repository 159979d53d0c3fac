import { detached } from "../../core/process/detached.ts";
import { noticesNow } from "../../core/process/notice.ts";
import { keepRequest } from "../../core/work/kept-request.ts";
import { servedBuild } from "../../core/work/next-work.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { Admission, type Admitted, routeAdmission, type SessionOf } from "../limits/admission.ts";
import { answerHeaders, answerWith } from "../values/answer.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { askedSignals, costOf } from "../values/asked-signals.ts";
import { currentExchange, watchConnections, withPeerAlone } from "../network/connections.ts";
import { ExposedSignals, type SignalModules } from "../values/exposed-signals.ts";
import { bodyLimits, rateLimits, streamLimits } from "../limits/limits.ts";
import { EventStream } from "../stream/event-stream.ts";
import type { EventStreamOptions, StreamTimes } from "../stream/stream-options.ts";
import { logStale } from "./log-stale.ts";
import { quotas } from "../limits/quota.ts";
import { writePace } from "../limits/write-pace.ts";
import { rateOf } from "../limits/rate-limit.ts";
import { costOfKeys } from "../values/cost-of-keys.ts";
import { namedKeys, readValues } from "../values/read-values.ts";
import { answerCounted } from "./sent-answer.ts";
import { revokedSessions } from "../../rivetkit/identity/revoked-sessions.ts";
import type { StreamRequest } from "../protocol/stream-protocol.ts";
import { readStreamRequest } from "../stream/stream-request.ts";
import { isNext, readWrites } from "../values/read-write.ts";
import { writeGroup } from "../values/write-group.ts";
import { writeTransaction } from "../values/write-transaction.ts";
import { writeValue } from "../values/write-value.ts";

import { ensureStarted } from "./start-kawa.ts";
// Last, so that modules of the app find all of the above.
import "#app-backend";

export type { StreamSession } from "../limits/admission.ts";

/** Options of {@link createReactiveRoute}. */
export type ReactiveRouteOptions = {
  /**
   * Modules whose exposed signals browsers can read and write, such as `import * as signals from "@/lib/signals"`. Nothing else
   * can be reached.
   *
   * @default none
   */
  signals?: SignalModules;
  /**
   * Returns whose request it is. Requests of one session count together, whatever their addresses, and a stream's token is worthless in
   * another session. It is called only for an address within its limit.
   *
   * @default anonymous: only those of one address count together
   */
  session?: SessionOf;
  /** Streams are ended after this long, and browsers come back: for platforms that limit it. In milliseconds. @default none */
  maxDurationMs?: number;
  /** Most open streams of this process. @default 10_000 */
  maxStreams?: number;
  /** Most open streams of one session, and of one address, which may be a whole office. A browser has one for all its tabs. @default 1_000 */
  maxStreamsPerClient?: number;
  /** Longest time over which tabs are told to spread their renders, in milliseconds. @default 10_000 */
  maxSpreadMs?: number;
  /**
   * Requests that a session may send in the long run; four times as many at once. One that asks for much counts for several: see
   * docs/limits.md.
   *
   * @default 50
   */
  maxRequestsPerSecond?: number;
  /** As `maxRequestsPerSecond`, for all requests of one address, which may be a whole office. @default four times `maxRequestsPerSecond` */
  maxRequestsPerSecondOfAddress?: number;
  /** Longest body of a write. @default 65_536 (64 KiB) */
  maxWriteBytes?: number;
  /**
   * Longest time without an event, in milliseconds, to a second; at most 15_000. A page says within twice that time that it may be old,
   * where its connection is dead and nobody has said so.
   *
   * @default 2_500, and with more than 1,250 open streams so much that there are 500 pings a second
   */
  pingIntervalMs?: number;
};

type Handler = (request: Request) => Promise<Response>;

/** `POST` opens a stream, or says that a page stays old; `GET` reads values for client components, `PUT` writes one, those of a frame, or a transaction. */
type Route = { readonly GET: Handler; readonly POST: Handler; readonly PUT: Handler };

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
  watchConnections();
  ensureStarted();
  const signals = new ExposedSignals(options.signals);
  const { maxWriteBytes = bodyLimits.maxWriteBytes, maxRequestsPerSecond = rateLimits.perSession } = options;
  const { maxRequestsPerSecondOfAddress = maxRequestsPerSecond * rateLimits.addressFactor } = options;
  const admission = new Admission({
    session: options.session ?? (() => undefined),
    sessionRate: rateOf(maxRequestsPerSecond),
    addressRate: rateOf(maxRequestsPerSecondOfAddress),
  });
  routeAdmission.admission = admission;
  const settings: StreamSettings = {
    maxStreams: options.maxStreams ?? streamLimits.open.perProcess,
    maxStreamsPerClient: options.maxStreamsPerClient ?? streamLimits.open.perSession,
    maxDurationMs: options.maxDurationMs,
    maxSpreadMs: options.maxSpreadMs ?? 10_000,
    pingIntervalMs: options.pingIntervalMs,
  };
  return {
    POST: answerWith(async (request) => {
      const address = admission.arrive(request);
      const asked = await readStreamRequest(request, admission.bodyOwner(address));
      const admitted = await admission.identify(request, address);
      admission.charge(admitted.client, costOf(asked));
      if (asked.stale) {
        logStale(asked.stale);
        return new Response(null, { status: 204, headers: answerHeaders });
      }
      return openStream(request, { asked, admitted, signals, settings });
    }),
    GET: answerWith(async (request) => {
      if (process.env.NODE_ENV === "development" && new URL(request.url).searchParams.has("notices")) {
        admission.arrive(request);
        return Response.json(noticesNow(), { headers: answerHeaders });
      }
      const keys = namedKeys(request);
      const cost = 1 + costOfKeys(keys);
      const { client } = await admission.identify(request, admission.arrive(request, cost), cost);
      return answerCounted(client, (await readValues(keys, { signals, client, signal: request.signal })).text);
    }),
    PUT: answerWith(async (request) => {
      const address = admission.arrive(request);
      const asked = await readWrites(request, maxWriteBytes, admission.bodyOwner(address));
      const { client } = await admission.identify(request, address);
      const charge = (cost: number): void => admission.charge(client, cost);
      if ("transaction" in asked) return writeTransaction(asked.transaction, { signals, client, charge });
      const end = writePace().begin();
      const answer = await (
        "writes" in asked
          ? writeGroup(asked.writes, { signals, client, charge })
          : writeValue(asked.write, { signals, client })
      ).finally(end);
      if (isNext("writes" in asked ? asked.writes : [asked.write])) await writePace().whenRoom();
      return answer;
    }),
  };
}

type StreamSettings = StreamTimes & Required<Pick<ReactiveRouteOptions, "maxStreams" | "maxStreamsPerClient">>;

type Opening = {
  readonly asked: StreamRequest;
  readonly admitted: Admitted;
  readonly signals: ExposedSignals;
  readonly settings: StreamSettings;
};

async function openStream(request: Request, { asked, admitted, signals, settings }: Opening): Promise<Response> {
  const { client, session } = admitted;
  countStream(client, settings);
  const { values, kept, limited } = await orGiveBack(client, () => askedSignals(asked, signals, client));
  const asOpener = values.size + kept.size > 0 ? withPeerAlone(keepRequest) : undefined;
  const options: EventStreamOptions = {
    request: asked,
    build: servedBuild(),
    exchange: currentExchange(),
    // A platform that limits how long requests last watches them, and may stop the server once they are answered.
    isRequest: settings.maxDurationMs !== undefined,
    client,
    times: settings,
    expiresAt: session?.expiresAt,
    values: asOpener && { signals: values, asOpener },
    kept: asOpener && { signals: kept, asOpener },
    limited,
  };
  // Its timers would keep the request in memory.
  const stream = detached(() => new EventStream(options));
  // Next aborts the signal when the browser goes, as long as the answer lasts.
  if (stream.body) request.signal.addEventListener("abort", () => stream.onGone(), { once: true });
  if (request.signal.aborted) stream.onGone();
  // The session may have ended while the stream was opened.
  if (session && revokedSessions().has(session)) stream.end("expired");
  return new Response(stream.body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      // On a connection that is kept, a browser comes back while Next waits for it to be idle.
      connection: "close",
    },
  });
}

/** @throws {KawaError} STREAMS_EXHAUSTED - there is no room for one more */
function countStream(client: AskingClient, { maxStreams, maxStreamsPerClient }: StreamSettings): void {
  const limits = { perSession: maxStreamsPerClient, perAddress: maxStreamsPerClient, perProcess: maxStreams };
  if (quotas().streams.take(client, 1, limits)) return;
  throw new KawaError(
    "STREAMS_EXHAUSTED",
    quotas().streams.total >= maxStreams
      ? `This server has ${maxStreams} open streams, its limit (maxStreams).`
      : `This client has ${maxStreamsPerClient} open streams, its limit (maxStreamsPerClient).`,
  );
}

/** Gives the stream's place back when it cannot be opened. */
async function orGiveBack<T>(client: AskingClient, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    quotas().streams.giveBack(client, 1);
    throw error;
  }
}
