import { randomUUID } from "node:crypto";
import { isKawaError } from "../../core/errors/errors.ts";
import type { ActorService } from "./actor-service.ts";
import { type RequestFrame, type RequestMessage, type ServerMessage, type Socket } from "../wire/protocol.ts";
import { ReplyFrames } from "./reply-frames.ts";
import { toReplyError } from "../wire/refusal.ts";
import { checkServerToken } from "../wire/server-token.ts";
import { helloTimeoutCloseCode, unauthorizedCloseCode } from "../wire/close-codes.ts";

const helloTimeoutMs = 5_000;
/** Longest hello, in characters: a stranger must not make the actor parse megabytes. */
const maxHelloLength = 1_000;
/** Requests of a frame that are begun in one turn: their hooks must not hold up what else the process does. */
const requestsAtOnce = 50;

/** Undefined for anything else than one request, or, where the other side has proved itself, a frame of some. */
function parseRequests(text: string, mayBeFrame: boolean): RequestFrame | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const frame = mayBeFrame ? [parsed].flat() : [parsed];
    const isWhole = frame.every((request) => typeof request === "object" && request !== null);
    return isWhole && frame.length > 0 ? (frame as RequestMessage[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Speaks the replication protocol on a socket. Until a valid `hello` for this actor, the other side is told nothing, but for the challenge where
 * its proof has expired. */
export function serveReplica(service: ActorService, socket: Socket, audience: string): void {
  let stop: (() => void) | undefined;
  let isFollowing = false;
  const refuse = (reason: string): void => {
    clearTimeout(timer);
    socket.close(unauthorizedCloseCode, reason);
  };
  const timer = setTimeout(() => socket.close(helloTimeoutCloseCode, "no hello"), helloTimeoutMs);
  const frames = new ReplyFrames((frame) => socket.send(JSON.stringify(frame)));
  const send = (message: ServerMessage): void => frames.add(message);

  /** Set when the proof of the other side had expired: its clock may go otherwise, so the next one must be made for this. */
  let challenge: string | undefined;
  /** The first request of a socket, which has to be a hello. */
  const welcome = ([request]: RequestFrame): "welcome" | "challenged" | "refused" => {
    if (request?.type !== "hello") return "refused";
    const state = checkServerToken(audience, request.body?.token, challenge);
    if (state === "expired") {
      challenge = randomUUID();
      send({ id: request.id, body: { challenge } });
      return "challenged";
    }
    if (state === "invalid") return "refused";
    clearTimeout(timer);
    stop = service.listen(
      (delta) => isFollowing && send({ delta }),
      () => socket.close(1001, "actor sleeps"),
    );
    // A server of this app has proved itself: its hook may watch, not refuse.
    service.clients
      .onConnect(service.context)
      .catch((error) => console.error("[kawa] The hook onConnect threw for a server:", error));
    return "welcome";
  };
  const answer = async (request: RequestMessage): Promise<void> => {
    if (request.type === "seen") return;
    if (request.type === "follow") isFollowing = true;
    try {
      const reply = service.answer(request);
      // A reply that is ready joins the frame in this turn: the delta of a later commit must not overtake it.
      send({ id: request.id, body: reply instanceof Promise ? await reply : reply });
    } catch (error) {
      if (!isKawaError(error) || error.code === "BACKEND_UNAVAILABLE")
        console.error("[kawa] The actor could not answer a server:", error);
      send({ id: request.id, error: toReplyError(error) });
    }
  };
  /** Requests that have come and are not begun yet, in order. */
  let waiting: RequestMessage[] = [];
  const begin = (): void => {
    const begun = waiting.slice(0, requestsAtOnce);
    waiting = waiting.slice(requestsAtOnce);
    if (waiting.length > 0) setImmediate(begin);
    for (const request of begun) void answer(request);
  };

  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    if (!stop && text.length > maxHelloLength) return refuse("too large");
    const requests = parseRequests(text, stop !== undefined);
    if (!requests) return refuse("malformed message");
    // Hooks may take their time.
    if (!service.hooked.writes && requests.some(({ type }) => type === "write")) frames.noteWrite();
    else frames.acknowledge();
    const greeting = stop ? "welcome" : welcome(requests);
    if (greeting === "refused") return refuse("unauthorized");
    if (greeting === "challenged") return;
    const isBusy = waiting.length > 0;
    waiting = waiting.concat(requests);
    if (!isBusy) begin();
  });
  socket.addEventListener("close", () => {
    clearTimeout(timer);
    frames.close();
    // The server asks again on its next connection.
    waiting = [];
    stop?.();
  });
}
