import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { processState } from "../core/process-state.ts";

/** What Node answers a request with, on which connection. */
export type Exchange = { readonly response: ServerResponse; readonly socket: Socket };

type Exchanges = {
  readonly open: Map<ServerResponse, Socket>;
  readonly current: AsyncLocalStorage<Exchange>;
  isEnding: boolean;
};

const exchanges = processState<Exchanges>("exchanges", () => ({
  open: new Map(),
  current: new AsyncLocalStorage(),
  isEnding: false,
}));

/** From now on the process knows which requests it is answering. */
export function watchConnections(): void {
  subscribe("http.server.request.start", (message) => {
    const { response, socket } = message as Exchange;
    exchanges.current.enterWith({ response, socket });
    exchanges.open.set(response, socket);
    response.once("close", () => exchanges.open.delete(response));
    if (exchanges.isEnding) endWith(response, socket);
  });
}

/** That of the request on whose behalf this runs; undefined where no `node:http` server of this process has received it. */
export function currentExchange(): Exchange | undefined {
  return exchanges.current.getStore();
}

/**
 * Ends the connections of all requests with their answers. Next waits for connections to be idle before it exits, and a browser
 * whose stream has ended would ask for the next one on the same connection.
 */
export function endConnections(): void {
  exchanges.isEnding = true;
  for (const [response, socket] of exchanges.open) endWith(response, socket);
}

function endWith(response: ServerResponse, socket: Socket): void {
  response.once("close", () => socket.end());
}
