import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { KawaError } from "../../core/errors/errors.ts";

// Below the ranges that systems give to outgoing connections.
const firstPort = 20_000;
const lastPort = 31_000;
const attempts = 200;

/** No connection can lead to the address that is meant for all machines of a network. */
const unreachableHost = "255.255.255.255";

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export function isEnginePortFree(port: number): Promise<boolean> {
  return canListen("127.0.0.1", port);
}

/** Where the engine may listen so that nobody reaches it. Linux lets a program listen there; elsewhere it is a port by chance. */
export async function hiddenHost(): Promise<string> {
  return (await canListen(unreachableHost, 0)) ? unreachableHost : "127.0.0.1";
}

/** A free port, another one each time. */
export async function findEnginePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(firstPort, lastPort);
    if (await isEnginePortFree(port)) return port;
  }
  throw new KawaError(
    "ENGINE_PORT_TAKEN",
    `No free port between ${firstPort} and ${lastPort} for the embedded engine.`,
  );
}
