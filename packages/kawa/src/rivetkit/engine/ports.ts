import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { KawaError } from "../../core/errors/errors.ts";

// Below the ranges that systems give to outgoing connections.
const firstPort = 20_000;
const lastPort = 31_000;
const attempts = 200;

/** The broadcast address: no connection can lead to it. */
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

/** A host for services that must not be reached. Linux lets a program listen on an unreachable address; elsewhere it is loopback. */
export async function hiddenHost(): Promise<string> {
  return (await canListen(unreachableHost, 0)) ? unreachableHost : "127.0.0.1";
}

/** Chooses a free port at random, for an engine whose folder remembers none and whose app asks for none ({@link startOrJoin}). */
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
