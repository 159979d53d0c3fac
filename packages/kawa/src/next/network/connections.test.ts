import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { Agent, createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { whenCollected } from "../../../test/support/when-collected.ts";
import { endConnections, watchConnections } from "./connections.ts";

it("a connection that waits for its next request keeps nothing of the last one", async () => {
  watchConnections();
  const ofRequest = new AsyncLocalStorage<object>();
  const kept: WeakRef<object>[] = [];
  const server = createServer((_, response) => {
    const page = { of: "a request" };
    kept.push(new WeakRef(page));
    ofRequest.run(page, () => response.end("done"));
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  for (let count = 0; count < 2; count += 1) {
    const [response] = (await once(request({ port, host: "127.0.0.1", agent }).end(), "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
  }
  expect(kept).toHaveLength(2);
  await whenCollected(kept);
});

it("a connection whose answer was under way ends with it, and is not kept for the next request", async () => {
  watchConnections();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    response.write("first part");
    void finished.then(() => response.end());
  });
  // It would wait for as long.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const { port } = server.address() as AddressInfo;
  const [response] = (await once(request({ port, host: "127.0.0.1", agent }).end(), "response")) as [IncomingMessage];
  expect(response.headers.connection).toBe("keep-alive");
  const { socket } = response;

  endConnections();
  const closed = Promise.all([once(server.close(), "close"), once(socket, "close")]);
  finish();
  response.resume();
  await once(response, "end");
  await closed;
  expect(socket.destroyed).toBe(true);
});
