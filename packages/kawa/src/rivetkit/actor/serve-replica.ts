import { isKawaError } from "../../core/errors/errors.ts";
import type { ActorService } from "./actor-service.ts";
import {
  helloTimeoutCloseCode,
  type RequestMessage,
  type ServerFrame,
  type ServerMessage,
  type Socket,
  unauthorizedCloseCode,
} from "../wire/protocol.ts";
import { toReplyError } from "../wire/refusal.ts";
import { verifyServerToken } from "../wire/server-token.ts";

const helloTimeoutMs = 5_000;
/** Longest hello, in characters: a stranger must not make the actor parse megabytes. */
const maxHelloLength = 1_000;

function parseRequest(text: string): RequestMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? (message as RequestMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** Speaks the replication protocol on a socket. Until a valid `hello` for this actor, the other side is told nothing. */
export function serveReplica(service: ActorService, socket: Socket, audience: string): void {
  let stop: (() => void) | undefined;
  let isFollowing = false;
  const refuse = (reason: string): void => {
    clearTimeout(timer);
    socket.close(unauthorizedCloseCode, reason);
  };
  const timer = setTimeout(() => socket.close(helloTimeoutCloseCode, "no hello"), helloTimeoutMs);
  let frame: ServerMessage[] = [];
  const send = (message: ServerMessage): void => {
    if (frame.push(message) > 1) return;
    setImmediate(() => {
      const sent: ServerFrame = frame;
      frame = [];
      socket.send(JSON.stringify(sent));
    });
  };

  socket.addEventListener("message", async ({ data }) => {
    const text = String(data);
    if (!stop && text.length > maxHelloLength) return refuse("too large");
    const request = parseRequest(text);
    if (!request) return refuse("malformed message");
    if (!stop) {
      if (request.type !== "hello" || !verifyServerToken(audience, request.body?.token)) return refuse("unauthorized");
      clearTimeout(timer);
      stop = service.listen(
        (delta) => isFollowing && send({ delta }),
        () => socket.close(1001, "actor sleeps"),
      );
      // A server of this app has proved itself: its hook may watch, not refuse.
      service.clients
        .onConnect(service.context)
        .catch((error) => console.error("[kawa] The hook onConnect threw for a server:", error));
    }
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
  });
  socket.addEventListener("close", () => {
    clearTimeout(timer);
    stop?.();
  });
}
