import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { noteRequests, whenAnswered } from "./requests-under-way.ts";

const longMs = 20_000;

it("waits for requests that begin while it waits for others, and right after them", async () => {
  noteRequests();
  const events: string[] = [];
  const server = createServer(({ url }, response) => {
    void sleep(300).then(() => {
      events.push(`${url} is answered`);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const ask = (path: string): Promise<unknown> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const asked = [ask("/first")];
  await once(server, "request");
  const waited = whenAnswered(longMs).then(() => events.push("all are"));
  asked.push(ask("/meanwhile"));
  await asked[0];
  asked.push(ask("/right-after"));
  await Promise.all(asked);
  await waited;
  expect(events.at(-1)).toBe("all are");
  expect(events).toHaveLength(4);
});

it("waits no longer than it may", async () => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asked = fetch(url).catch(() => "not answered");
  await once(server, "request");
  await whenAnswered(200);
  server.closeAllConnections();
  expect(await asked).toBe("not answered");
});
