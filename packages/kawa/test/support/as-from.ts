import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type Exchange, watchConnections } from "../../src/next/network/connections.ts";
import { processState } from "../../src/core/process/process-state.ts";

/** Runs `work` for a request of a connection whose other end has this address. */
export function asFrom<T>(address: string | undefined, work: () => T): T {
  return asAnswering({ address }, work);
}

/** Runs `work` for a request of which this is known. */
export function asAnswering<T>(exchange: object, work: () => T): T {
  const exchanges = processState<{ current: { run<R>(exchange: Exchange, work: () => R): R } }>("exchanges", () => {
    throw new Error("connections.ts is loaded first");
  });
  return exchanges.current.run(exchange as Exchange, work);
}

/** What `work` gives while a real server answers a real request. */
export async function whileAnswering<T>(work: () => T): Promise<T> {
  watchConnections();
  const { promise, resolve } = Promise.withResolvers<T>();
  const server = createServer((_, response) => {
    resolve(work());
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  request({ port, host: "127.0.0.1", agent: false }, (answer) => answer.resume()).end();
  const result = await promise;
  await once(server.close(), "close");
  return result;
}
