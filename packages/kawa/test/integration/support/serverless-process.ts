import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ReadableStream } from "node:stream/web";
import { setup } from "rivetkit";
import { namespace } from "../../../src/index.ts";
import { createRegistryRoute } from "../../../src/next/route/registry-route.ts";
import { initReactiveBackend, reactiveStateActor } from "../../../src/rivetkit/index.ts";
import { serveOperations } from "./serve-operations.ts";

/** An app as on a serverless platform: its engine starts actors through the mounted route. */
const port = Number(process.env["PORT"]);
const registry = setup({ use: { reactiveState: reactiveStateActor }, noWelcome: true });
initReactiveBackend({ registry });
const route = createRegistryRoute(registry);
const counter = namespace("app").signal("counter", 0);
const starts: number[] = [];

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = (incoming.method ?? "GET") as keyof typeof route;
  const headers = new Headers(Object.entries(incoming.headers) as [string, string][]);
  const body = method === "GET" || method === "HEAD" ? null : new Uint8Array(await buffer(incoming));
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const url = `http://${incoming.headers.host}${incoming.url}`;
  const result = await route[method](new Request(url, { method, headers, body, signal: gone.signal }));
  if (new URL(url).pathname.endsWith("/start")) starts.push(result.status);
  response.writeHead(result.status, Object.fromEntries(result.headers));
  if (result.body) Readable.fromWeb(result.body as ReadableStream).pipe(response);
  else response.end();
}

const server = createServer((incoming, response) => void answer(incoming, response).catch(() => response.destroy()));

const operations = {
  listen: () => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve)),
  get: () => counter.get(),
  set: (value: number) => counter.set(value),
  starts: () => starts,
};

export type Operations = typeof operations;
serveOperations(operations);
