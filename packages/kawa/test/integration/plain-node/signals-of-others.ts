import { createServer } from "node:http";
import { namespace } from "kawa";
import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";
import { serveOperations } from "../support/serve-operations.ts";

// A server with an end of its own: it answers the requests that are under way, then leaves the rest to Node.

initReactiveBackend({ registry: reactiveRegistry });
await reactiveRegistry.start();
const counter = namespace("app").signal("counter", 0);
const held: (() => void)[] = [];
const server = createServer((_, response) => void held.push(() => response.end("done"))).listen(0, "127.0.0.1");
process.on("SIGTERM", () => {
  server.close();
  if (process.env["EXIT_CODE"]) process.exit(Number(process.env["EXIT_CODE"]));
});

const operations = {
  port: () => (server.address() as { port: number }).port,
  set: (value: number) => counter.set(value),
  answer: () => held.splice(0).forEach((answer) => answer()),
};

export type Operations = typeof operations;
serveOperations(operations);
// It would keep the process alive.
process.channel?.unref();
