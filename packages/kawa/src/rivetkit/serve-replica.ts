import { verifyServerToken } from "./server-token.ts";
import { type Replies, type RequestMessage, type RequestName, type ServerFrame, type ServerMessage, unauthorizedCloseCode } from "./protocol.ts";
import type { SignalStore } from "./signal-store.ts";

/** The part of a WebSocket that both sides of the protocol use. */
export interface Socket {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: never) => void): void;
}

const helloTimeoutMs = 5_000;

function parseRequest(data: unknown): RequestMessage | undefined {
  try {
    const message: unknown = JSON.parse(String(data));
    return typeof message === "object" && message !== null ? (message as RequestMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** Answers one request of a replica. The caller has proved that it is a server of this app. */
export function answer(store: SignalStore, request: RequestMessage): Promise<Replies[RequestName]> | Replies[RequestName] {
  switch (request.type) {
    case "hello":
      return { ...store.position, instance: store.instance };
    case "read":
      return store.read(request.body.keys);
    case "follow":
      return store.since(request.body.epoch, request.body.seq);
    case "write":
      return store.write(request.body.client, request.body.number, request.body.writes);
    case "ping":
      return store.position;
    case "seen":
      return {};
  }
}

/** Speaks the replication protocol on a socket. Until a valid `hello`, the other side is told nothing. */
export function serveReplica(store: SignalStore, socket: Socket): void {
  let stop: (() => void) | undefined;
  let isFollowing = false;
  const refuse = (reason: string): void => {
    clearTimeout(timer);
    socket.close(unauthorizedCloseCode, reason);
  };
  const timer = setTimeout(() => refuse("no hello"), helloTimeoutMs);
  let frame: ServerMessage[] = [];
  const send = (message: ServerMessage): void => {
    if (frame.push(message) > 1) return;
    setImmediate(() => {
      const sent: ServerFrame = frame;
      frame = [];
      socket.send(JSON.stringify(sent));
    });
  };

  socket.addEventListener("message", async (event: { data: unknown }) => {
    const request = parseRequest(event.data);
    if (!request) return refuse("malformed message");
    if (!stop) {
      if (request.type !== "hello" || !verifyServerToken(request.body?.token)) return refuse("unauthorized");
      clearTimeout(timer);
      stop = store.listen(
        (delta) => isFollowing && send({ delta }),
        () => socket.close(1001, "actor sleeps"),
      );
    }
    if (request.type === "seen") return;
    if (request.type === "follow") isFollowing = true;
    try {
      const reply = answer(store, request);
      // A reply that is ready joins the frame in this turn: the delta of a later commit must not overtake it.
      send({ id: request.id, body: reply instanceof Promise ? await reply : reply });
    } catch (error) {
      console.error("[kawa] The actor could not answer a server:", error);
      send({ id: request.id, error: { code: "BACKEND_UNAVAILABLE", message: "The actor could not commit the batch." } });
    }
  });
  socket.addEventListener("close", () => {
    clearTimeout(timer);
    stop?.();
  });
}
