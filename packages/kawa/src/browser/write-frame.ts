import { isKawaError, type KawaError, type KawaErrorCode } from "../core/errors/errors.ts";
import { ask, publicError } from "./ask.ts";
import {
  acceptedHeader,
  type GroupedReply,
  maxGroupedWrites,
  type TransactionReply,
  type TransactionRequest,
  type WriteGroupReply,
  type WriteReply,
  type WriteRequest,
} from "./value-protocol.ts";

type Waiting = {
  readonly request: WriteRequest;
  readonly text: string;
  readonly resolve: (reply: WriteReply) => void;
  readonly reject: (error: unknown) => void;
};

/** While requests are on the way, the next one begins this long after the last one, in milliseconds: what is written meanwhile goes together. */
const frameMs = 16;
/** Longest body of a request with several writes, in characters; a browser lets none that is longer outlive its page. */
const maxLength = 30_000;
/** For this long no group is sent after a server of an earlier version has refused one, in milliseconds. */
const apartMs = 60_000;

let waiting: Waiting[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
/** A request with `keepalive` takes half a millisecond longer, so only a page that is being left sends such ones. */
let isLeaving = false;
/** Requests that are not answered yet. */
let onTheWay = 0;
let sentAt = Number.NEGATIVE_INFINITY;
let apartUntil = 0;

/** Sends a write with those of the same frame, in one request. Each has an answer of its own. */
export function putWrite(request: WriteRequest): Promise<WriteReply> {
  checkConnection();
  return new Promise((resolve, reject) => {
    waiting.push({ request, text: JSON.stringify(request), resolve, reject });
    if (waiting.length === 1) schedule();
  });
}

/** Sends a transaction, in a request of its own. */
export function putTransaction(request: TransactionRequest): Promise<TransactionReply> {
  checkConnection();
  return put(JSON.stringify({ transaction: request }));
}

/** @throws {KawaError} BACKEND_UNAVAILABLE - this browser is offline */
function checkConnection(): void {
  if (navigator.onLine === false) throw publicError("BACKEND_UNAVAILABLE", "There is no connection. It was not saved.");
}

/** At once where nothing is on the way: all that is written in one turn comes within the same step of promises. */
function schedule(): void {
  const waitMs = Math.min(frameMs, sentAt + frameMs - performance.now());
  // The timers of a page in the background are late.
  const isHidden = globalThis.document?.visibilityState === "hidden";
  if (onTheWay === 0 || waitMs <= 0 || isHidden || isLeaving) queueMicrotask(() => sendWaiting());
  else timer = setTimeout(() => sendWaiting(), waitMs);
}

/** From now on requests outlive the page, or no longer do. Sends what waits, and returns it. */
export function leave(isGone: boolean): ReadonlySet<WriteRequest> {
  isLeaving = isGone;
  return sendWaiting();
}

function sendWaiting(): ReadonlySet<WriteRequest> {
  clearTimeout(timer);
  sentAt = performance.now();
  const all = waiting;
  waiting = [];
  for (let rest = all; rest.length > 0;) {
    const some = beginningOf(rest);
    rest = rest.slice(some.length);
    void send(some);
  }
  return new Set(all.map(({ request }) => request));
}

/** The first writes, as many as one request may carry and at least one. */
function beginningOf(writes: readonly Waiting[]): Waiting[] {
  let length = 0;
  const end = writes.findIndex(({ text }, at) => (length += text.length + 1) > maxLength && at > 0);
  return writes.slice(0, Math.min(end < 0 ? writes.length : end, maxGroupedWrites));
}

async function send(writes: readonly Waiting[]): Promise<void> {
  if (writes.length === 1 || performance.now() < apartUntil) return sendApart(writes);
  try {
    const body = `{"writes":[${writes.map(({ text }) => text).join(",")}]}`;
    const { replies } = await put<WriteGroupReply>(body);
    for (const [at, { request, resolve, reject }] of writes.entries()) {
      try {
        resolve(replyOf(request, replies[at]));
      } catch (error) {
        reject(error);
      }
    }
  } catch (error) {
    // Nothing was written: it is a server of an earlier version, or one that takes only shorter requests.
    const isRefused = isKawaError(error, "REQUEST_INVALID") || isKawaError(error, "VALUE_TOO_LARGE");
    if (!isRefused) return writes.forEach(({ reject }) => reject(error));
    apartUntil = performance.now() + apartMs;
    sendApart(writes);
  }
}

function sendApart(writes: readonly Waiting[]): void {
  for (const { request, text, resolve, reject } of writes)
    put(text, (headers) => acceptedAs(request, headers.get(acceptedHeader))).then(resolve, reject);
}

async function put<T>(body: string, fromHeaders?: (headers: Headers) => T): Promise<T> {
  const headers = { "content-type": "application/json" };
  const keepalive = isLeaving && body.length < maxLength;
  onTheWay += 1;
  try {
    const init = { method: "PUT", body, headers, keepalive };
    return await ask("", init, { lost: unconfirmed, ...(fromHeaders && { fromHeaders }) });
  } finally {
    onTheWay -= 1;
  }
}

/** @throws {KawaError} what the server has answered to this write */
function replyOf(request: WriteRequest, reply: GroupedReply | undefined): WriteReply {
  if (!reply) throw unconfirmed();
  if ("accepted" in reply) return acceptedAs(request, reply.accepted);
  if (!("code" in reply)) return reply;
  throw publicError(reply.code as KawaErrorCode, reply.error, { retryAfterMs: reply.retryAfterMs });
}

function acceptedAs({ key, text = null }: WriteRequest, accepted: string | null): WriteReply {
  const [seq, epoch] = accepted?.split(" ") ?? [];
  return { row: epoch === undefined ? undefined : [key, text, Number(seq), epoch] };
}

/** Of what may have been written or not. */
export function unconfirmed(): KawaError {
  return publicError("WRITE_UNCONFIRMED", "The server did not answer. What you see is what it has.");
}
