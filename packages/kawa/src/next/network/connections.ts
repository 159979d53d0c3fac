import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { detached } from "../../core/process/detached.ts";
import { onResponseClose } from "../../core/process/on-response-close.ts";
import { processState } from "../../core/process/process-state.ts";

/** What Node answers a request with, on which connection. */
export type Exchange = {
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Address of the other end, kept because a closed socket has forgotten it. Undefined for sockets of the file system. */
  readonly address: string | undefined;
};

/** What is known of the other end of a connection, also once the request is over. */
type Peer = Pick<Exchange, "address">;

type Exchanges = {
  readonly open: Set<Exchange>;
  readonly current: AsyncLocalStorage<Exchange | Peer>;
  isEnding: boolean;
  isWatching: boolean;
};

const exchanges = processState<Exchanges>("exchanges", () => ({
  open: new Set(),
  current: new AsyncLocalStorage(),
  isEnding: false,
  isWatching: false,
}));

/** Notes from now on which requests this process is answering. Idempotent. */
export function watchConnections(): void {
  if (exchanges.isWatching) return;
  exchanges.isWatching = true;
  // The way out of all requests that come.
  detached(() => {});
  subscribe("http.server.request.start", (message) => {
    const { response, socket } = message as { response: ServerResponse; socket: Socket };
    const exchange: Exchange = { response, socket, address: socket.remoteAddress };
    exchanges.current.enterWith(exchange);
    exchanges.open.add(exchange);
    onResponseClose(response, () => {
      exchanges.open.delete(exchange);
      keepNothingOfRequest(socket);
    });
    if (exchanges.isEnding) endWith(exchange);
  });
}

/**
 * A connection that waits for its next request has a timer, which Node starts within the last one: it would keep all that Next and React have
 * of that one, 30 KB and more.
 */
function keepNothingOfRequest(socket: Socket): void {
  const { timeout } = socket;
  if (timeout && !socket.destroyed) detached(() => socket.setTimeout(timeout));
}

/** The exchange of the request that the caller works for; undefined where no `node:http` server of this process has received it. */
export function currentExchange(): Exchange | undefined {
  const found = exchanges.current.getStore();
  return found && "response" in found ? found : undefined;
}

/** As {@link currentExchange}, also for what goes on after the request. */
export function currentPeer(): Peer | undefined {
  return exchanges.current.getStore();
}

/** Runs what outlives the request that the caller works for: it knows the address, and keeps nothing else of the exchange. */
export function withPeerAlone<R>(fn: () => R): R {
  const peer = currentPeer();
  return peer ? exchanges.current.run({ address: peer.address }, fn) : fn();
}

/**
 * Ends the connections of all requests with their answers. Next waits for connections to be idle before it exits, and a browser
 * whose stream has ended would ask for the next one on the same connection.
 */
export function endConnections(): void {
  exchanges.isEnding = true;
  for (const exchange of exchanges.open) endWith(exchange);
}

function endWith({ response, socket }: Exchange): void {
  onResponseClose(response, () => socket.end());
}
